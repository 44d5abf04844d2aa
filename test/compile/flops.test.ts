import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { makePlan } from '../../src/compile/index.ts';
import type { Capabilities } from '../../src/device/capabilities.ts';
import { loadShaders } from '../../src/device/shader.ts';
import type { Tensor } from '../../src/graph/index.ts';
import { input } from '../../src/graph/source.ts';
import * as ops from '../../src/ops/index.ts';
import { capabilities } from '../support/run-plan.ts';

/* Operations that kernels state against counts by hand. */

const test = suite('flops');
test.before(() => loadShaders());

const devices: Capabilities[] = [capabilities, { ...capabilities, family: 'tiled', lanes: 32 }];
const dispatches = (y: Tensor, device = capabilities) => makePlan([y], 3, device).dispatches;
const flops = (y: Tensor, device = capabilities): number =>
  dispatches(y, device).reduce((n, d) => n + d.kernel.flops, 0);
const x = (...shape: number[]) => input(0, shape, 'f32');

test('a convolution, by its input and by its weight', () => {
  const image = input(0, [2, 3, 8, 12], 'f32');
  for (const [size, padding] of [
    [3, 1],
    [5, 2],
  ]) {
    const weight = input(1, [4, 3, size, size], 'f32');
    const y = ops.conv2d(image, weight, { padding });
    const cotangent = input(2, y.shape, 'f32');
    const expected = 2 * 2 * 4 * 3 * size * size * 8 * 12;
    const faces = grad(ops.sum(ops.mul(y, cotangent)), { image, weight });
    for (const device of devices)
      for (const face of [y, faces.image, faces.weight]) {
        const counted = dispatches(face, device).filter((d) => d.kernel.name.startsWith('conv2d'));
        assert.equal(
          counted.map((d) => d.kernel.flops),
          [expected],
        );
      }
  }
});

test('a matrix product', () => {
  for (const device of devices)
    for (const [m, k, n] of [
      [16, 8, 24],
      [3, 5, 7],
    ])
      assert.is(
        flops(ops.matmul(input(0, [6, m, k], 'f32'), input(1, [k, n], 'f32')), device),
        2 * 6 * m * k * n,
      );
});

test('loops: operations at every element, and one to reduce it', () => {
  assert.is(flops(ops.add(ops.mul(x(8, 5), 3), ops.exp(x(8, 5)))), 3 * 40);
  assert.is(flops(ops.sum(x(8, 5))), 40);
  assert.is(flops(ops.sum(ops.square(x(8, 5)), 0)), 80);
});

test('moving data is no arithmetic', () => {
  for (const y of [ops.permute(x(3, 4), [1, 0]), ops.pad(x(3, 4), [1, 0], [0, 2])])
    assert.is(flops(y), 0, `${y}`);
  assert.is(flops(ops.upsampleNearest(x(1, 2, 4, 4), [8, 8])), 0);
});

test('pooling compares, its derivatives move', () => {
  const image = x(2, 3, 8, 8);
  assert.is(flops(ops.maxPool2d(image, 2)), 2 * 3 * 8 * 8);
  assert.is(flops(ops.maxPool2d(image, 3, { stride: 1 })), 2 * 3 * 6 * 6 * 9);
  const cotangent = input(1, [2, 3, 4, 4], 'f32');
  const back = grad(ops.sum(ops.mul(ops.maxPool2d(image, 2), cotangent)), image);
  assert.is(flops(back), 2 * 3 * 8 * 8);
});

test('bytes of a dispatch are those of the values that it binds', () => {
  const [{ bytes }] = dispatches(ops.add(x(8, 5), input(1, [8, 5], 'f32')));
  assert.is(bytes, 3 * 4 * 40);
});

test.run();
