import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { reference } from '../../src/certify/reference.ts';
import { defaultDevice } from '../../src/device/index.ts';
import { tensor } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import { Random } from '../../src/random.ts';
import { planAndRun } from '../support/run-plan.ts';

/* How much of f32 a convolution of many channels loses: an error of summation, so it is measured in the mean. */

const test = suite('rounding');
const device = await defaultDevice();
const random = new Random(5);
const noise = (...shape: number[]) => {
  const size = shape.reduce((a, b) => a * b);
  return tensor(
    Float32Array.from({ length: size }, () => random.next() - 0.5),
    shape,
  );
};

const norm = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values));

if (!device.capabilities.subgroups)
  console.log('rounding.test.ts: not run, because the device has no subgroups');
else
  for (const [kernel, width] of [
    ['conv2d_simd', 8],
    ['conv2d_simd_pixels', 7],
  ] as const)
    test(`${kernel}: 6,300 terms are not added one after another`, async () => {
      const y = ops.conv2d(noise(1, 700, 5, width), noise(5, 700, 3, 3), { padding: 1 });
      const { plan, values } = await planAndRun([y], device, { family: 'simd' });
      assert.ok(plan.dispatches.some((d) => d.kernel.name === kernel));
      const [expected] = reference([y]);
      const error = norm(expected.map((v, i) => values[0][i] - v)) / norm(expected);
      // About 2e-7; in one sum more than 1.1e-6.
      assert.ok(error < 5e-7, `relative error ${error}`);
    });

test.run();
