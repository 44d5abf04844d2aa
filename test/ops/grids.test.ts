import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { reference } from '../../src/certify/reference.ts';
import { defaultDevice } from '../../src/device/index.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import { assertAgree } from '../support/assert-close.ts';
import { planAndRun } from '../support/run-plan.ts';
import { posing } from '../support/tiled.ts';

/* What needs more workgroups than one grid dimension holds goes on in the next: tried with short dimensions. */

const test = suite('grids longer than a dimension');

const data = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(1.3 * i)),
    shape,
  );

const device = await defaultDevice();

const families = {
  simd: { family: 'simd' },
  tiled: posing,
  portable: { family: 'simd', subgroups: false },
} as const;
type Family = keyof typeof families;

/** Asserts that the kernels of this name run folded, within the limit, and give what float64 gives. */
async function folds(y: Tensor, name: RegExp, maxGrid: number, family: Family): Promise<void> {
  const { plan, values } = await planAndRun([y], device, { maxGrid, ...families[family] });
  const grids = plan.dispatches.filter((d) => name.test(d.kernel.name)).map((d) => d.kernel.grid);
  assert.ok(grids.length > 0, `${name} is in the plan`);
  for (const grid of grids) {
    assert.ok(grid[1] > 1, `${name}: grid ${grid} is folded`);
    assert.ok(Math.max(...grid) <= maxGrid, `${name}: grid ${grid} is within ${maxGrid}`);
  }
  assertAgree(y, values[0], reference([y])[0], 1e-5, `${name}`);
}

/** What shares values between lanes runs only where the device can. */
const { subgroups } = device.capabilities;
if (!subgroups) console.log('grids.test.ts: simd kernels are not run, because the device has no subgroups');

const forward = (x: Tensor, w: Tensor, padding: number) => ops.conv2d(x, w, { padding });
const byInput = (x: Tensor, w: Tensor, padding: number) => grad(ops.sum(forward(x, w, padding).square()), x);

// 19 to 24 workgroups and more in rows of 9: the last row is not full.
for (const [name, y] of [
  ['forward', forward],
  ['by the input', byInput],
] as const) {
  if (subgroups) {
    test(`convolution, simd, aligned rows, ${name}`, () =>
      folds(y(data(3, 2, 14, 32), data(9, 2, 3, 3), 1), /^conv2d_simd$/, 9, 'simd'));
    test(`convolution, simd, any rows, ${name}`, () =>
      folds(y(data(3, 2, 15, 31), data(9, 2, 3, 3), 1), /^conv2d_simd_pixels$/, 9, 'simd'));
  }
  test(`convolution, portable, ${name}`, () =>
    folds(y(data(3, 2, 33, 47), data(9, 2, 3, 3), 1), /^conv2d(_input_grad)?$/, 9, 'portable'));
  test(`convolution, tiled, ${name}`, () =>
    folds(y(data(3, 2, 13, 11), data(19, 2, 3, 3), 1), /^conv2d(_input_grad)?_tiled$/, 9, 'tiled'));
}

if (subgroups)
  test('matmul, simd: rows, columns and batches', async () => {
    await folds(ops.matmul(data(180, 8), data(8, 12)), /^matmul_simd$/, 5, 'simd');
    await folds(ops.matmul(data(9, 8), data(8, 268)), /^matmul_simd$/, 5, 'simd');
    await folds(ops.matmul(data(11, 17, 8), data(11, 8, 40)), /^matmul_simd$/, 9, 'simd');
  });

test('matmul, portable: rows, columns and batches', async () => {
  await folds(ops.matmul(data(213, 3), data(3, 5)), /^matmul$/, 5, 'portable');
  await folds(ops.matmul(data(5, 3), data(3, 213)), /^matmul$/, 5, 'portable');
  await folds(ops.matmul(data(5, 33, 3), data(5, 3, 34)), /^matmul$/, 6, 'portable');
});

test('matmul, tiled: rows, columns and batches', async () => {
  await folds(ops.matmul(data(101, 3), data(3, 5)), /^matmul_tiled$/, 5, 'tiled');
  await folds(ops.matmul(data(5, 3), data(3, 101)), /^matmul_tiled$/, 5, 'tiled');
  await folds(ops.matmul(data(5, 17, 3), data(5, 3, 18)), /^matmul_tiled$/, 6, 'tiled');
});

test('pooling: planes', () => folds(ops.maxPool2d(data(3, 5, 4, 6), 2), /^max_pool$/, 9, 'simd'));

test.run();
