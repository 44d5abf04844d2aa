import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { drawData, drawn, medetection, records, scratch, smallMeta } from './support.ts';

const folder = scratch();
const data = await drawData(join(folder, 'data'));
const begin = ['meta-train', '--data', data, '--target', drawn.target, '--iterations', '1', ...smallMeta];
const out = (name: string) => ['--out', join(folder, name)];

test('meta-train says what memory a step takes, and keeps the limits with the run', async () => {
  const limits = ['--micro-batch', '1', '--memory-budget', '100'];
  const { code, stdout, stderr } = await medetection([...begin, ...limits, ...out('run'), '--json']);
  assert.is(code, 0, stderr);
  assert.match(stderr, /memory of a meta-step: [\d.]+ MiB, at the peak: .*inner forward [\d.]+ (MiB|KiB)/);
  const [record] = records(stdout);
  assert.is(record.event, 'memory');
  assert.ok(record.bytes >= record.peak && record.byOrigin['second-order terms'] > 0);
  const { options } = JSON.parse(readFileSync(join(folder, 'run', 'config.json'), 'utf8'));
  assert.equal([options.microBatch, options.memoryBudget], [1, 100]);
});

test('a budget that cannot be met is refused with what else to do', async () => {
  const { code, stderr } = await medetection([
    ...begin,
    '--micro-batch',
    '1',
    '--memory-budget',
    '0.1',
    ...out('none'),
  ]);
  assert.is.not(code, 0);
  assert.match(stderr, /plan: takes [\d.]+ MiB of memory.*the budget is 0\.1 MiB; use smaller batches/);
});

test.run();
