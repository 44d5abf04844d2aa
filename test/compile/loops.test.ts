import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { reference } from '../../src/certify/reference.ts';
import type { Capabilities } from '../../src/device/capabilities.ts';
import { defaultDevice } from '../../src/device/default.ts';
import { full, iota, type Shape, sizeOf, type Tensor, tensor } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import { Random } from '../../src/random.ts';
import { assertAgree } from '../support/assert-close.ts';
import { planAndRun } from '../support/run-plan.ts';

/* Cases for each form that a generated loop can take, small and large, against float64. */

const device = await defaultDevice();
const test = suite('generated loops');
const random = new Random('loops');

const floats = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => 2 * random.next() - 1),
    shape,
  );
const integers = (...shape: number[]): Tensor =>
  tensor(
    Int32Array.from({ length: sizeOf(shape) }, () => random.int(2001) - 1000),
    shape,
  );

async function agree(outputs: readonly Tensor[], limits: Partial<Capabilities> = {}, tolerance = 1e-5) {
  const { plan, values } = await planAndRun(outputs, device, limits);
  const expected = reference(outputs);
  for (const [i, node] of outputs.entries())
    assertAgree(
      node,
      values[i],
      expected[i],
      tolerance,
      `output ${i} of ${plan.dispatches.length} dispatches`,
    );
  return plan;
}
const kernels = (plan: { dispatches: readonly { kernel: { name: string } }[] }) =>
  plan.dispatches.map((d) => d.kernel.name);

const reductions: { shape: Shape; axes: number[]; kernel: string }[] = [
  { shape: [3, 1000], axes: [1], kernel: 'reduce_rows' },
  { shape: [7, 1001], axes: [1], kernel: 'reduce_rows' },
  // Long enough to be split and shared, with and without a divisor that is a multiple of four.
  { shape: [40000], axes: [0], kernel: 'reduce_rows' },
  { shape: [2, 20011], axes: [1], kernel: 'reduce_rows' },
  { shape: [16, 3, 40, 40], axes: [0, 2, 3], kernel: 'reduce_rows' },
  { shape: [5, 300, 7, 9], axes: [0, 2, 3], kernel: 'reduce_rows' },
  { shape: [1000, 3], axes: [0], kernel: 'reduce_columns' },
  { shape: [100, 64], axes: [0], kernel: 'reduce_columns' },
  { shape: [6, 5, 4, 3], axes: [1, 3], kernel: 'reduce_columns' },
  { shape: [6, 5, 4, 8], axes: [0, 2], kernel: 'reduce_columns' },
  { shape: [2, 3], axes: [0, 1], kernel: 'reduce_columns' },
];

for (const { shape, axes, kernel } of reductions)
  test(`sum and max of [${shape}] over [${axes}] by ${kernel}`, async () => {
    const x = floats(...shape);
    const n = integers(...shape);
    const plan = await agree([ops.sum(x, axes), ops.max(x, axes), ops.sum(n, axes), ops.max(n, axes)]);
    assert.ok(kernels(plan).includes(kernel), `kernels are ${kernels(plan)}`);
  });

/** Shapes and axes for every form of reduction: rows, long rows, columns, columns in parts, nested loops, scalars of one. */
const forms: { shape: Shape; axes: number[] }[] = [
  { shape: [64], axes: [0] },
  { shape: [61], axes: [0] },
  { shape: [40000], axes: [0] },
  { shape: [5, 4], axes: [1] },
  { shape: [16, 4], axes: [0] },
  { shape: [6000, 3], axes: [0] },
  { shape: [70, 2, 80, 4], axes: [0, 2] },
];

test('max: NaN wins wherever it stands, and nothing but minus infinity gives minus infinity', async () => {
  for (const { shape, axes } of forms) {
    const n = sizeOf(shape);
    const nowhere = new Float32Array(n).fill(Number.NEGATIVE_INFINITY);
    const at = (index: number) => {
      const values = Float32Array.from(nowhere, (v, i) => (i % 3 === 0 ? i : v));
      values[index] = Number.NaN;
      return tensor(values, shape);
    };
    await agree([
      ops.max(tensor(nowhere, shape), axes),
      ...[0, 1, Math.floor(n / 2), n - 2, n - 1].map((i) => ops.max(at(i), axes)),
      ops.max(full(shape, -2147483648, 'i32').add(0), axes),
    ]);
  }
});

test('long sums keep their digits', async () => {
  const cases: { shape: Shape; axes: number[] }[] = [
    { shape: [2_000_000, 2], axes: [0] },
    { shape: [2_000_000, 1], axes: [0] },
    { shape: [2_000_003], axes: [0] },
    { shape: [1500, 1200, 4], axes: [0, 1] },
    { shape: [3, 500_000, 3], axes: [0, 1] },
    { shape: [60_000, 3, 16], axes: [0, 2] },
  ];
  for (const { shape, axes } of cases) {
    const x = tensor(new Float32Array(sizeOf(shape)).fill(0.1), shape);
    const { values } = await planAndRun([ops.sum(x, axes)], device);
    const expected = Math.fround(0.1) * axes.reduce((n, a) => n * shape[a], 1);
    for (const v of values[0])
      assert.ok(Math.abs(v / expected - 1) < 1e-5, `sum of [${shape}] over [${axes}]: ${v}, not ${expected}`);
  }
});

test('integers are reduced as integers, whatever float their bits would be', async () => {
  // Denormal numbers and signalling NaN, which a float register may change.
  const bits = (i: number) => (i % 2 === 0 ? 1 + (i % 7) : 0x7f800001 + i);
  for (const { shape, axes } of forms) {
    const n = tensor(
      Int32Array.from({ length: sizeOf(shape) }, (_, i) => bits(i)),
      shape,
    );
    const plan = await agree([ops.max(n, axes), ops.sum(ops.mul(n, ops.greater(8, n)), axes)]);
    for (const { kernel } of plan.dispatches) assert.not.match(kernel.source, 'bitcast');
  }
});

test('a reduction of a padded, flipped, broadcast expression', async () => {
  const x = floats(1, 5, 64);
  const y = ops.mul(ops.pad(ops.flip(x, [1, 2]), [0, 2, 3], [0, 1, 5]), floats(4, 1, 72));
  await agree([ops.sum(y, [1, 2]), ops.sum(y, [0]), ops.max(y, [2]), ops.sum(y, [0, 1, 2])]);
});

test('alike reductions of one computed value share a pass', async () => {
  const x = ops.relu(ops.matmul(floats(8, 4, 30, 5), floats(5, 32)));
  const outputs = [x, ops.square(x), ops.abs(x)].map((t) => ops.sum(t, [0, 2, 3]));
  const plan = await agree(outputs);
  assert.ok(
    plan.dispatches.some((d) => d.outputs.length === 3),
    'three sums in one dispatch',
  );
});

test('maps over one domain that share a computed value become one kernel', async () => {
  const x = ops.matmul(floats(33, 5), floats(5, 17));
  const plan = await agree([ops.tanh(x), ops.sigmoid(x), ops.add(x, 1)]);
  assert.is(plan.dispatches.length, 2);
});

test('more inputs than a kernel may bind', async () => {
  const parts = Array.from({ length: 30 }, () => floats(9, 10));
  const plan = await agree([parts.reduce(ops.add)], { maxStorageBuffers: 8 });
  assert.ok(Math.max(...plan.dispatches.map((d) => d.inputs.length + d.outputs.length)) <= 8);
});

test('many views of one input bind few buffers', async () => {
  const x = floats(40, 8);
  const parts = Array.from({ length: 20 }, (_, i) => ops.slice(x, [2 * i], [2 * i + 1]));
  const plan = await agree([parts.reduce(ops.add), ops.concat(parts, 0)], { maxStorageBuffers: 8 });
  assert.ok(Math.max(...plan.dispatches.map((d) => d.inputs.length + d.outputs.length)) <= 8);
});

test('padding and concatenation along an extent of 1', async () => {
  const x = floats(1, 3);
  await agree([
    ops.pad(x, [2, 0], [1, 1]),
    ops.concat([x, ops.mul(x, 2), ops.mul(x, 3)], 0),
    ops.concat([ops.sum(x, 1, { keepDims: true }), x, floats(1, 1)], 1),
    ops.pad(ops.pad(floats(1, 1, 1), [1, 0, 2], [0, 1, 0]), [0, 3, 0], [1, 0, 1]),
    ops.sum(ops.pad(floats(4, 1), [0, 3], [0, 2]), 0),
  ]);
});

test('constants that JSON cannot tell apart stay apart', async () => {
  const of = (v: number) => full([2], v);
  await agree([of(Number.POSITIVE_INFINITY), of(Number.NaN), of(Number.NEGATIVE_INFINITY), of(0)]);
  await agree([
    ops.div(floats(3).abs(), of(-0).slice([0], [1])),
    ops.div(floats(3).abs(), of(0).slice([0], [1])),
  ]);
});

test('expressions too long for one kernel are cut, behind views too', async () => {
  const chain = (x: Tensor) => {
    let y = x;
    for (let i = 0; i < 10; i++) y = ops.tanh(ops.add(y, i / 10));
    return y;
  };
  const [x, y] = [floats(8, 8), floats(8, 8)];
  await agree([
    ops.add(ops.permute(chain(x), [1, 0]), chain(y)),
    ops.mul(ops.flip(chain(y), [0]), ops.pad(ops.slice(chain(x), [1, 1]), [1, 0], [0, 1])),
    ops.reshape(ops.add(ops.reshape(chain(x), [1, 8, 1, 8]), chain(ops.neg(y))), [512]),
  ]);
});

test('two views of long expressions are cut behind both', async () => {
  const chain = (x: Tensor, steps: number): Tensor =>
    steps === 0 ? x : ops.tanh(ops.add(chain(x, steps - 1), steps / 10));
  const [x, y] = [floats(9, 9), floats(9, 9)];
  await agree([ops.add(ops.permute(chain(x, 10), [1, 0]), ops.flip(chain(y, 10), [0]))]);
});

test('pads within pads within pads', async () => {
  let x: Tensor = floats(3, 4);
  for (let i = 0; i < 70; i++) x = ops.slice(ops.pad(ops.flip(x, [1]), [1, 0], [0, 1]), [0, i % 2]).add(0.01);
  await agree([x, ops.sum(x, 0)]);
});

test('a chain of many stored values reuses few buffers', async () => {
  let x = floats(16, 16);
  for (let i = 0; i < 40; i++) x = ops.sub(x, ops.mean(x, [1], { keepDims: true })).mul(1.01);
  const plan = await agree([x], {}, 1e-4);
  assert.ok(plan.dispatches.length >= 40);
  assert.ok(plan.slots.length <= 8, `${plan.slots.length} slots`);
});

test('equal subexpressions are computed once, also with operands exchanged and repeated', async () => {
  const [x, y] = [floats(5, 7), floats(5, 7)];
  const outputs = [ops.add(x, y), ops.add(y, x), ops.mul(x, x), ops.square(x), ops.sub(x, y), ops.sub(y, x)];
  const plan = await agree(outputs);
  assert.is(plan.outputs[0], plan.outputs[1]);
  assert.is.not(plan.outputs[4], plan.outputs[5]);
});

test('integers: wrap-around, sign, comparison, conversion towards zero, indices', async () => {
  const n = integers(6, 5);
  const big = ops.add(full([6, 5], 2147483647, 'i32'), ops.abs(n));
  await agree([
    big,
    ops.neg(n),
    ops.sign(n),
    ops.greater(n, 3),
    ops.equal(n, n),
    ops.toInt(ops.mul(floats(6, 5), 8)),
    ops.maximum(n, ops.mul(iota([6, 5], 0), 100)),
    ops.flip(iota([3, 4], 1), [0, 1]),
    ops.pad(ops.permute(iota([2, 3], 1), [1, 0]), [1, 0], [0, 2]),
  ]);
});

test('the derivative of max goes to the maximum although what it is the maximum of is computed anew', async () => {
  // A product and a sum, which a compiler may round once or twice.
  const [a, b, c] = [floats(6, 40), floats(6, 40), floats(6, 40)];
  const y = ops.max(ops.add(ops.mul(a, b), c), 1);
  const g = grad(ops.sum(ops.mul(y, floats(6))), [a, c]);
  await agree([y, ...g]);
});

test('scalars: no dimension at all', async () => {
  const x = tensor(0.7);
  await agree([ops.exp(x), ops.sum(x), ops.reshape(x, [1, 1]), ops.broadcastTo(x, [3, 2]), iota([1], 0)]);
});

test.run();
