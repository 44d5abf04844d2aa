import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runtimeArguments } from './runtime.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const test = suite('README');

test('opens with the two commands', () => {
  const [, block] = /```sh\n([\s\S]*?)```/.exec(readme)!;
  assert.match(block.split('\n')[0], /^npm ci && npm run demo/);
  assert.match(block.split('\n')[1], /^npm ci && npm test/);
});

test('the MAML example has twelve lines, runs as printed and learns to learn', () => {
  const [, code] = /```ts\n([\s\S]*?)```/.exec(readme)!;
  assert.is(code.trim().split('\n').length, 12);
  const library = new URL('../src/index.ts', import.meta.url).href;
  const folder = mkdtempSync(join(tmpdir(), 'readme-'));
  try {
    const file = join(folder, 'example.mts');
    writeFileSync(file, code.replace("'medetection'", JSON.stringify(library)));
    const { stdout, stderr, status } = spawnSync(process.execPath, [...runtimeArguments(), file], {
      encoding: 'utf8',
      timeout: 120_000,
    });
    assert.is(status, 0, stderr);
    // Slopes 1, 2 and 3 are best adapted to from the middle one.
    const slope = Number(stdout.trim().split(' ').at(-1));
    assert.ok(Math.abs(slope - 2) < 0.01, `slope ${slope}, expected 2`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
