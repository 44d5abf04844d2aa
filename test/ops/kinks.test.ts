import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad, hessian } from '../../src/autodiff/index.ts';
import { evaluate } from '../../src/compile/index.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import { assertClose } from '../support/assert-close.ts';

/* Where derivatives are a matter of convention, or where the straightforward formula overflows. */

const test = suite('kinks and extremes');

const values = async (t: Tensor): Promise<number[]> => Array.from(await t.data());
const gradient = (f: (x: Tensor) => Tensor, x: Tensor): Tensor => grad(ops.sum(f(x)), x);
const derivative = (f: (x: Tensor) => Tensor, x: Tensor) => values(gradient(f, x));

test('relu and abs have derivative 0 at the kink', async () => {
  const x = tensor([-1, 0, 2]);
  assert.equal(await derivative(ops.relu, x), [0, 0, 1]);
  assert.equal(await derivative(ops.abs, x), [-1, 0, 1]);
  assert.equal(await derivative((t) => ops.sum(gradient(ops.relu, t)).mul(t), x), [1, 1, 1]);
});

test('equal operands of maximum and minimum share the derivative', async () => {
  const a = tensor([1, 2, 3]);
  const b = tensor([2, 2, 2]);
  assert.equal(await derivative((t) => ops.maximum(t, b), a), [0, 0.5, 1]);
  assert.equal(await derivative((t) => ops.maximum(b, t), a), [0, 0.5, 1]);
  assert.equal(await derivative((t) => ops.minimum(t, b), a), [1, 0.5, 0]);
  assert.equal(await derivative((t) => ops.maximum(t, t), a), [1, 1, 1]);
});

test('ties in max share the derivative evenly', async () => {
  const x = tensor([
    [1, 5, 5, 0],
    [2, 2, 2, 2],
  ]);
  assert.equal(await derivative((t) => ops.max(t, 1), x), [0, 0.5, 0.5, 0, 0.25, 0.25, 0.25, 0.25]);
  assert.equal(await derivative((t) => ops.max(t), x), [0, 0.5, 0.5, 0, 0, 0, 0, 0]);
});

test('in max pooling the first of equal elements gets the derivative', async () => {
  const x = tensor([
    [
      [
        [3, 3, 1, 1],
        [3, 3, 1, 1],
      ],
    ],
  ]);
  assert.equal(await derivative((t) => ops.maxPool2d(t, 2), x), [1, 0, 1, 0, 0, 0, 0, 0]);
  // Overlapping windows of a constant image, with a margin that never wins though all values are negative.
  const flat = tensor(new Float32Array(9).fill(-2), [1, 1, 3, 3]);
  const pooled = (t: Tensor) => ops.maxPool2d(t, 3, { stride: 1, padding: 1 });
  assert.equal(await values(pooled(flat)), new Array(9).fill(-2));
  assert.equal(await derivative(pooled, flat), [4, 2, 0, 2, 1, 0, 0, 0, 0]);
});

test('codes name the place in the window', async () => {
  const { values: v, codes } = ops.maxPool2dWithCodes(
    tensor([
      [
        [
          [1, 2, 3],
          [4, 9, 6],
          [7, 8, 5],
        ],
      ],
    ]),
    2,
    { stride: 1 },
  );
  assert.equal(await values(v), [9, 9, 9, 9]);
  assert.equal(await values(codes), [3, 2, 1, 0]);
  assert.is(codes.dtype, 'i32');
});

test('binary cross-entropy at |z| = 200: value, first and second derivative are finite and right', async () => {
  const z = tensor([200, -200, 200, -200, 0]);
  const t = tensor([1, 0, 0, 1, 0.5]);
  const first = gradient((x) => ops.bceWithLogits(x, t), z);
  const second = grad(ops.sum(first), z);
  const [l, g, h] = await Promise.all([ops.bceWithLogits(z, t), first, second].map(values));
  assertClose(l, [0, 0, 200, 200, Math.LN2], 1e-6, 'value');
  assertClose(g, [0, 0, 1, -1, 0], 1e-6, 'first derivative');
  assertClose(h, [0, 0, 0, 0, 0.25], 1e-6, 'second derivative');
  assert.equal(
    await values(ops.bceWithLogits(z, tensor(Int32Array.of(1, 0, 0, 1, 1)))).then((v) => v.map(Math.round)),
    [0, 0, 200, 200, 1],
  );
});

test('cross-entropy and log-softmax of huge logits stay finite', async () => {
  const z = tensor([
    [1000, 0, -1000],
    [-500, -500, -500],
  ]);
  const labels = tensor(Int32Array.of(1, 2));
  assertClose(await values(ops.crossEntropy(z, labels)), [1000, Math.log(3)], 1e-6, 'value');
  const g = await derivative((t) => ops.crossEntropy(t, labels), z);
  assertClose(g, [1, -1, 0, 1 / 3, 1 / 3, -2 / 3], 1e-6, 'derivative');
  assert.equal(await values(ops.crossEntropy(z, tensor(Int32Array.of(-1, 3)))), [0, 0], 'labels of no class');
});

test('softplus, sigmoid and tanh far out', async () => {
  const x = tensor([-1e4, -90, -20, 20, 90, 1e4]);
  const [p, s, h] = await Promise.all([ops.softplus(x), ops.sigmoid(x), ops.tanh(x)].map(values));
  assertClose(p, [0, 0, Math.log1p(Math.exp(-20)), 20, 90, 1e4], 1e-6, 'softplus');
  assert.ok(Math.abs(p[2] / Math.exp(-20) - 1) < 1e-5, 'softplus keeps small values');
  assertClose(s, [0, 0, 1 / (1 + Math.exp(20)), 1, 1, 1], 1e-6, 'sigmoid');
  assert.ok(Math.abs(s[2] * Math.exp(20) - 1) < 1e-5, 'sigmoid keeps small values');
  assert.equal(h, [-1, -1, -1, 1, 1, 1]);
  for (const f of [ops.softplus, ops.sigmoid, ops.tanh])
    assert.ok((await derivative(f, x)).every(Number.isFinite));
});

test('where: NaN and infinity in the branch not taken do no harm, in the value or the derivative', async () => {
  const x = tensor([0, 4, -1]);
  const safe = (t: Tensor) => {
    const positive = ops.greater(t, 0);
    return ops.where(positive, ops.sqrt(ops.where(positive, t, 1)), 0);
  };
  assert.equal(await values(ops.where(ops.greater(x, 0), ops.sqrt(x), -1)), [-1, 2, -1]);
  assert.equal(await values(safe(x)), [0, 2, 0]);
  assert.equal(await derivative(safe, x), [0, 0.25, 0]);
});

test('sqrt and rsqrt at 0', async () => {
  const x = tensor([0, 1]);
  assert.equal(await values(ops.sqrt(x)), [0, 1]);
  assert.equal(await derivative(ops.sqrt, x), [Number.POSITIVE_INFINITY, 0.5]);
  assert.equal(await values(ops.rsqrt(x)), [Number.POSITIVE_INFINITY, 1]);
});

test('pow at 0 and of 1', async () => {
  const x = tensor([0, 1, 4]);
  assertClose(await values(ops.pow(x, 1.5)), [0, 1, 8], 1e-5, 'value');
  assertClose(await derivative((t) => ops.pow(t, 1.5), x), [0, 1.5, 3], 1e-5, 'derivative');
});

test('pow by small integers holds for any sign, and at 0', async () => {
  const list = [-2, -0.5, 0, 1, 3];
  const x = tensor(list);
  for (let n = 0; n <= 8; n++) {
    assertClose(
      await values(ops.pow(x, n)),
      list.map((v) => v ** n),
      1e-6,
      `value, ${n}`,
    );
    const slope = list.map((v) => (n === 0 ? 0 : n * v ** (n - 1)));
    assertClose(await derivative((t) => ops.pow(t, n), x), slope, 1e-6, `derivative, ${n}`);
    const bend = list.map((v) => (n < 2 ? 0 : n * (n - 1) * v ** (n - 2)));
    const second = await derivative((t) => gradient((u) => ops.pow(u, n), t), x);
    assertClose(second, bend, 1e-6, `second derivative, ${n}`);
  }
  const away = [-2, -0.5, 1, 3];
  for (const n of [-1, -2, -3, -8]) {
    assertClose(
      await values(ops.pow(tensor(away), n)),
      away.map((v) => v ** n),
      1e-6,
      `value, ${n}`,
    );
    const slope = await derivative((t) => ops.pow(t, n), tensor(away));
    assertClose(
      slope,
      away.map((v) => n * v ** (n - 1)),
      1e-6,
      `derivative, ${n}`,
    );
  }
});

test('batch norm of a constant channel: the shift, and finite derivatives to the third', async () => {
  const x = tensor(new Float32Array(12).fill(7), [6, 2]);
  const [gamma, beta] = [tensor([2, 3]), tensor([0.5, -1])];
  const y = ops.batchNorm(x, gamma, beta);
  const g1 = grad(
    ops.sum(
      ops.mul(
        y,
        tensor(
          Float32Array.from({ length: 12 }, (_, i) => i),
          [6, 2],
        ),
      ),
    ),
    x,
  );
  const g2 = grad(ops.sum(ops.mul(g1, ops.square(x).mul(g1))), x);
  const g3 = grad(ops.sum(ops.square(g2)), x);
  const [v, ...derivatives] = await evaluate([y, g1, g2, g3]);
  assert.equal(
    await values(v),
    Array.from({ length: 12 }, (_, i) => (i % 2 ? -1 : 0.5)),
  );
  for (const d of derivatives) assert.ok((await values(d)).every(Number.isFinite));
});

test('batch norm keeps accuracy far from zero', async () => {
  const offsets = [0, 1, 2, 3];
  const x = tensor(offsets.map((d) => [4096 + d]));
  const deviation = Math.sqrt(1.25 + 1e-5);
  const y = await values(ops.batchNorm(x, tensor([1]), tensor([0])));
  assertClose(
    y,
    offsets.map((d) => (d - 1.5) / deviation),
    1e-5,
    'normalised',
  );
  const { mean, variance } = ops.batchStatistics(x);
  assert.equal([await mean.item(), await variance.item()], [4097.5, 1.25]);
});

test('batch norm of a channel that begins with an outlier, or has one', async () => {
  const n = 262144;
  for (const at of [0, n - 1]) {
    const x = Float32Array.from({ length: n }, (_, i) => (i === at ? 50 : 0.06 * Math.sin(i)));
    const mean = x.reduce((a, v) => a + v, 0) / n;
    const variance = x.reduce((a, v) => a + (v - mean) ** 2, 0) / n;
    const got = ops.batchStatistics(tensor(x, [n, 1]));
    assertClose([await got.variance.item()], [variance], 1e-5, 'variance');
    assert.ok(Math.abs((await got.mean.item()) - mean) < 1e-6 * Math.sqrt(variance), 'mean');
  }
});

test('max of infinities and of large negative numbers', async () => {
  assert.equal(await values(ops.max(tensor([[-3e38, -3.2e38]]), 1)), [Math.fround(-3e38)]);
  assert.equal(await values(ops.max(tensor([[1, Number.POSITIVE_INFINITY]]), 1)), [Number.POSITIVE_INFINITY]);
  assert.equal(await values(ops.max(tensor(Int32Array.of(-2147483648, -2147483647)))), [-2147483647]);
});

test('the variance of a channel of equal numbers has its second derivative', async () => {
  const x = tensor([[3], [3], [3], [3]]);
  const rows = await values(hessian(ops.sum(ops.batchStatistics(x).variance), x));
  // 2/n (1 if i = j) - 2/n^2
  const expected = Array.from({ length: 16 }, (_, k) => (k % 5 === 0 ? 0.375 : -0.125));
  assertClose(rows, expected, 1e-6, 'hessian');
});

test.run();
