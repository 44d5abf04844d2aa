import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { reference } from '../../src/certify/reference.ts';
import { defaultDevice } from '../../src/device/index.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import { assertAgree } from '../support/assert-close.ts';
import { planAndRun } from '../support/run-plan.ts';

/* Where `subgroups` is absent, as with Deno's WebGPU, other kernels serve. */

const data = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(1.3 * i)),
    shape,
  );

const device = await defaultDevice();

/** Kernels of what was planned for a processor, with subgroups or without; without, what they give is checked. */
async function kernels(outputs: readonly Tensor[], subgroups: boolean): Promise<string[]> {
  const { plan, values } = await planAndRun(outputs, device, { family: 'simd', subgroups });
  const expected = reference(outputs);
  for (const [i, y] of outputs.entries()) assertAgree(y, values[i], expected[i], 1e-5, `output ${i}`);
  for (const { kernel } of plan.dispatches)
    assert.is(/\bsubgroup/.test(kernel.source) && !subgroups, false, `${kernel.name} uses subgroups`);
  return plan.dispatches.map(({ kernel }) => kernel.name);
}

const [x, w] = [data(4, 3, 16, 16), data(8, 3, 3, 3)];
const y = ops.conv2d(x, w, { padding: 1 });
const loss = ops.sum(y.square());
const cases: Record<string, Tensor[]> = {
  'convolution and its gradients': [y, grad(loss, x), grad(loss, w)],
  'matrix product': [ops.matmul(data(32, 16), data(16, 32))],
};

for (const [name, outputs] of Object.entries(cases)) {
  test(`${name}: without subgroups`, async () => {
    const used = await kernels(outputs, false);
    assert.not(
      used.some((kernel) => kernel.includes('simd')),
      `${used}`,
    );
  });
  if (device.capabilities.subgroups)
    test(`${name}: with subgroups, by other kernels`, async () => {
      const used = await kernels(outputs, true);
      assert.ok(
        used.some((kernel) => kernel.includes('simd')),
        `${used}`,
      );
    });
}

if (!device.capabilities.subgroups)
  console.log('portable.test.ts: simd kernels are not run, because the device has no subgroups');

test.run();
