import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { medetection, records, scratch } from './support.ts';

const folder = scratch();
const env = { MEDETECTION_CACHE: join(folder, 'cache') };
const doctor = async (): Promise<string> => (await medetection(['doctor', '--no-measure'], { env })).stdout;

test('tune remembers what it found, and doctor says so', async () => {
  assert.match(await doctor(), /^tuning +none yet: medetection tune finds one$/m);
  const { code, stdout, stderr } = await medetection(['tune', '--seconds', '1'], { env });
  assert.is(code, 0, stderr);
  assert.match(stdout, /^search +shape +value +time$/m);
  assert.match(stdout, /^\S.* \d+x\d+.* [\d.e+]+ ms {2}chosen, \d+\.\d\d x$/m);
  const path = join(env.MEDETECTION_CACHE, 'tuning.json');
  assert.ok(stdout.includes(`saved to ${path}`), stdout);
  assert.is(Object.keys(JSON.parse(readFileSync(path, 'utf8'))).length, 1);
  assert.match(await doctor(), /^tuning +found for this adapter$/m);
});

test('tune --json', async () => {
  const { code, stdout, stderr } = await medetection(['tune', '--seconds', '0.1', '--json'], { env });
  assert.is(code, 0, stderr);
  const [record] = records(stdout);
  assert.is(record.path, join(env.MEDETECTION_CACHE, 'tuning.json'));
  assert.ok(record.choices.length > 0 && record.trials.length > 0);
  assert.match(stderr, /no time left for: .* \(give more by --seconds\)/);
});

test('what cannot be is refused before the search', async () => {
  const refused = async (args: string[], code: number, message: RegExp, cache = env.MEDETECTION_CACHE) => {
    const ended = await medetection(['tune', ...args], { env: { MEDETECTION_CACHE: cache } });
    assert.is(ended.code, code, ended.stderr);
    assert.match(ended.stderr, message);
    assert.is(ended.stdout, '');
  };
  writeFileSync(join(folder, 'file'), '');
  await Promise.all([
    refused(['--seconds', '0'], 2, /--seconds <n>' argument '0' is invalid\. It must be a number above 0/),
    refused([], 2, /error: MEDETECTION_CACHE=none leaves nowhere to remember a tuning/, 'none'),
    refused(
      [],
      1,
      /error: cannot make the folder of .*; set MEDETECTION_CACHE to a writable/,
      join(folder, 'file', 'x'),
    ),
  ]);
});

test.run();
