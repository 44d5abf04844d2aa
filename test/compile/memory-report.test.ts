import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { makePlan, memoryLine, memoryReport, planBytes, printMemory } from '../../src/compile/index.ts';
import { loadShaders } from '../../src/device/shader.ts';
import { tensor } from '../../src/graph/index.ts';
import { input } from '../../src/graph/source.ts';
import * as ops from '../../src/ops/index.ts';
import { capabilities } from '../support/run-plan.ts';

const test = suite('memory report');
test.before(() => loadShaders());

/** The gradient of three layers, whose values must be kept for it. */
function plan() {
  const x = input(0, [4, 8, 16, 16], 'f32');
  const weights = [1, 2, 3].map((i) => input(i, [8, 8, 3, 3], 'f32'));
  const y = weights.reduce((h, w) => ops.tanh(ops.conv2d(h, w, { padding: 1 })), x);
  const loss = ops.mean(ops.square(ops.mul(y, tensor([2]))));
  return makePlan([loss, ...grad(loss, weights)], 4, capabilities);
}

test('tells the peak, where it lies, and whose it is', () => {
  const p = plan();
  const { bytes, peak, values } = memoryReport(p);
  assert.is(bytes, planBytes(p));
  assert.ok(
    peak.bytes <= bytes && peak.bytes > 4 * 4 * 4 * 8 * 16 * 16,
    'the input and three layers are alive together',
  );
  assert.is(
    peak.byOrigin.reduce((n, [, b]) => n + b, 0),
    peak.bytes,
  );
  assert.equal(peak.byOrigin.map(([origin]) => origin).sort(), [
    'arguments and constants',
    'forward',
    'outer gradient',
  ]);
  assert.is(peak.label, p.dispatches[peak.dispatch].label);
  assert.is(
    peak.values.reduce((n, v) => n + v.bytes, 0),
    peak.bytes,
  );
  for (const v of peak.values) assert.ok(v.from <= peak.dispatch && peak.dispatch <= v.to, v.label);
  for (const { slot, bytes: own } of values) assert.ok(own <= p.slots[slot].bytes);
});

test('a value that waits to be written over is alive meanwhile', () => {
  const n = 64;
  const [a, b] = [input(0, [n, n], 'f32'), input(1, [n, n], 'f32')];
  const waits = ops.matmul(a, b);
  const [left, right] = [ops.matmul(waits, a), ops.matmul(waits, b)];
  const long = ops.matmul(ops.matmul(ops.matmul(left, right), left), right);
  const p = makePlan([ops.add(waits, long)], 2, capabilities);
  assert.match(p.dispatches.at(-1)!.label, /^add.* in place$/);
  const { values, peak } = memoryReport(p);
  const [kept] = values.filter(({ from }) => from === 0);
  assert.is(kept.to, p.dispatches.length - 2);
  // All slots are of one size here, and at some time all are in use.
  assert.is(peak.bytes, planBytes(p));
});

test('as a line and as a table', () => {
  const p = plan();
  assert.match(memoryLine(p), /^\d+\.\d KiB, at the peak: .*forward \d+\.\d KiB/);
  const lines = printMemory(p, 3).split('\n');
  assert.match(lines[0], /^\d+\.\d KiB in \d+ buffers; most is alive at dispatch \d+ of \d+, /);
  assert.is(lines.length, 1 + memoryReport(p).peak.byOrigin.length + 1 + 3);
  assert.match(lines.at(-1)!, /^ +32\.0 KiB {2}-?\d+ to \d+ {2}/);
});

test('a plan that computes nothing takes what it is given', () => {
  const p = makePlan([input(0, [8], 'f32')], 1, capabilities);
  assert.is(memoryReport(p).peak.bytes, 0);
  assert.is(memoryReport(p).bytes, 32);
});

test.run();
