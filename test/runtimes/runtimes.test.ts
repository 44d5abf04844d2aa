/** Node's WebGPU (Dawn) and Deno's (wgpu) give the same: whichever runs this test asks the other. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { magnitude } from '../../src/certify/compare.ts';
import { type Computed, compute } from '../browser/computation.ts';
import { assertClose } from '../support/assert-close.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [command, ...args] = process.versions.deno
  ? ['node', '--import', 'tsx']
  : [join(root, 'node_modules/.bin/deno'), 'run', '-A'];

function computeThere(): Computed {
  const script = fileURLToPath(new URL('./compute-child.ts', import.meta.url));
  const { status, stdout, stderr, error } = spawnSync(command, [...args, script], {
    cwd: root,
    encoding: 'utf8',
    timeout: 120_000,
    shell: process.platform === 'win32', // There npm's commands are batch files.
  });
  assert.is(status, 0, `${command}: ${error?.message ?? stderr}`);
  return JSON.parse(stdout);
}

test('derivatives of second order and compiled meta-steps are the same on Node and on Deno', async () => {
  const there = computeThere();
  const here = await compute('software');
  for (const { adapter } of [there, here]) console.log(JSON.stringify(adapter));
  assert.equal(Object.keys(there.values), Object.keys(here.values));
  for (const [name, expected] of Object.entries(here.values)) {
    assert.ok(magnitude(expected) > 0, `${name} is not zero`);
    assertClose(there.values[name], expected, 1e-5, name);
  }
});

test.run();
