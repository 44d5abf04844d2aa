import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import '../../src/compile/index.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import * as nn from '../../src/nn/index.ts';
import { batchStatistics, mul, sum, upsampleNearest } from '../../src/ops/index.ts';
import { Random } from '../../src/random.ts';
import { assertClose } from '../support/assert-close.ts';

const test = suite('layers');

async function moments(
  t: Tensor,
): Promise<{ mean: number; variance: number; kurtosis: number; most: number }> {
  const data = Array.from(await t.data());
  const of = (f: (x: number) => number) => data.reduce((n, x) => n + f(x), 0) / data.length;
  const mean = of((x) => x);
  const variance = of((x) => (x - mean) ** 2);
  return {
    mean,
    variance,
    kurtosis: of((x) => (x - mean) ** 4) / variance ** 2,
    most: data.reduce((n, x) => Math.max(n, Math.abs(x)), 0),
  };
}

test('normal numbers are normal', async () => {
  const { mean, variance, kurtosis } = await moments(nn.normal(new Random('normal'), [96, 96], 0.5));
  // 9216 numbers: the mean is known to 1 %, the variance to 1.5 %, a normal's kurtosis of 3 to 0.05 (one deviation each).
  assert.ok(Math.abs(mean) < 0.02, `mean ${mean}`);
  assert.ok(Math.abs(variance / 0.25 - 1) < 0.06, `variance ${variance}`);
  assert.ok(Math.abs(kurtosis - 3) < 0.25, `kurtosis ${kurtosis}`);
});

test('convolution weights are uniform within 1 / sqrt(fan-in)', async () => {
  const { weight, bias } = nn.initConv(new Random('conv'), 16, 64, 3);
  assert.equal([weight.shape, bias.shape], [[64, 16, 3, 3], [64]]);
  const limit = 1 / 12;
  const { mean, variance, kurtosis, most } = await moments(weight);
  assert.ok(most <= limit && most > 0.995 * limit, `largest ${most}`);
  assert.ok(Math.abs(mean) < 0.03 * limit, `mean ${mean}`);
  assert.ok(Math.abs(variance / (limit ** 2 / 3) - 1) < 0.05, `variance ${variance}`);
  assert.ok(Math.abs(kurtosis - 1.8) < 0.1, `kurtosis ${kurtosis}`);
  assert.is((await moments(bias)).most, 0);
});

test('linear weights are uniform within 1 / sqrt(inputs)', async () => {
  const { weight, bias } = nn.initLinear(new Random('linear'), 100, 80);
  const { mean, variance, kurtosis, most } = await moments(weight);
  assert.ok(most <= 0.1 && most > 0.0995, `largest ${most}`);
  assert.ok(Math.abs(mean) < 0.003, `mean ${mean}`);
  assert.ok(Math.abs(variance / (0.01 / 3) - 1) < 0.05, `variance ${variance}`);
  assert.ok(Math.abs(kurtosis - 1.8) < 0.1, `kurtosis ${kurtosis}`);
  assert.is((await moments(bias)).most, 0);
});

test('normalisation starts as the identity', async () => {
  const { gamma, beta } = nn.initNorm(5);
  assert.equal(Array.from(await gamma.data()), [1, 1, 1, 1, 1]);
  assert.equal(Array.from(await beta.data()), [0, 0, 0, 0, 0]);
});

test('the same seed gives the same numbers', async () => {
  const draw = (seed: string) => nn.normal(new Random(seed), [50], 1).data();
  assert.equal(await draw('a'), await draw('a'));
  assert.not.equal(await draw('a'), await draw('b'));
});

test('linear is x W^T + b', async () => {
  const weight = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const y = nn.linear(tensor([[1, 0, -1]]), { weight, bias: tensor([10, 20]) });
  assert.equal(Array.from(await y.data()), [8, 18]);
});

test('normalising by collected statistics of a batch equals normalising by the batch', async () => {
  const random = new Random('statistics');
  const x = nn.normal(random, [4, 3, 5, 5], 2).add(1);
  const params = { gamma: tensor([1, 2, 3]), beta: tensor([0.5, 0, -1]) };
  const collected: Record<string, { mean: Tensor; variance: Tensor }> = {};
  const byBatch = nn.collecting(collected)('block.norm', x, params);
  assert.equal(Object.keys(collected), ['block.norm']);
  const { mean, variance } = batchStatistics(x);
  assert.equal(await collected['block.norm'].mean.data(), await mean.data());
  assert.ok((await variance.data()).every((v) => Math.abs(v / 4 - 1) < 0.4));
  const fixed = nn.byStatistics(collected)('block.norm', x, params);
  assertClose(await fixed.data(), await byBatch.data(), 1e-5, 'normalised');
  assertClose(await nn.byBatch('block.norm', x, params).data(), await byBatch.data(), 1e-6, 'by batch');
});

test('a layer without statistics is named', () => {
  const x = tensor(new Float32Array(6), [3, 2]);
  assert.throws(
    () => nn.byStatistics({ other: { mean: x, variance: x } })('head.norm', x, nn.initNorm(2)),
    /"head\.norm".*other/,
  );
});

test('convolving an enlarged image without making it', async () => {
  const random = new Random('enlarged');
  const params = { weight: nn.normal(random, [5, 3, 3, 3], 1), bias: nn.normal(random, [5], 1) };
  for (const [cells, size, width = cells] of [
    [4, 12],
    [4, 16],
    [1, 7],
    [3, 27],
    // Made after all, where windows differ from pixel to pixel.
    [4, 8],
    [4, 14],
    [3, 12, 4],
    [9, 6],
  ]) {
    const x = nn.normal(random, [2, 3, cells, width], 1);
    const expected = nn.conv(upsampleNearest(x, [size, size]), params);
    const actual = nn.convEnlarged(x, params, size);
    assert.equal(actual.shape, expected.shape);
    assertClose(await actual.data(), await expected.data(), 1e-6, `${cells} to ${size}`);
    const cotangent = nn.normal(random, expected.shape, 1);
    const gradients = [expected, actual].map((y) => grad(sum(mul(y, cotangent)), { x, ...params }));
    for (const name of ['x', 'weight', 'bias'] as const)
      assertClose(await gradients[1][name].data(), await gradients[0][name].data(), 1e-5, name);
  }
  const wide = { ...params, weight: nn.normal(random, [5, 3, 5, 5], 1) };
  assert.throws(
    () => nn.convEnlarged(nn.normal(random, [1, 3, 4, 4], 1), wide, 12),
    /needs a 3x3 kernel, got a weight \[5,3,5,5\]/,
  );
});

test.run();
