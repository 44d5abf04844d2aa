import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { conv2d } from '../../src/certify/cases/conv2d.ts';
import { matmul } from '../../src/certify/cases/matmul.ts';
import { draw } from '../../src/certify/derivatives.ts';
import { reference } from '../../src/certify/reference.ts';
import { defaultDevice } from '../../src/device/index.ts';
import { defaultTuning, type Tile, type Tiles, tileFits, type Tuning } from '../../src/device/tuning.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import { grad } from '../../src/autodiff/index.ts';
import { assertAgree } from '../support/assert-close.ts';
import { planAndRun } from '../support/run-plan.ts';

/* The kernels for GPUs, on whatever device there is: every one with workgroup memory can run them. */

const test = suite('kernels for GPUs');
const device = await defaultDevice();
const gpu = { family: 'tiled', lanes: 32, subgroups: false } as const;

const data = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(1.3 * i)),
    shape,
  );

/** Asserts that what was planned for a GPU gives what float64 gives; tells the kernels used. */
async function agrees(outputs: readonly Tensor[], what: string, tuning = defaultTuning): Promise<string[]> {
  const { plan, values } = await planAndRun(outputs, device, { ...gpu, tuning });
  const expected = reference(outputs);
  for (const [i, y] of outputs.entries()) assertAgree(y, values[i], expected[i], 1e-5, `${what}, output ${i}`);
  return plan.dispatches.map(({ kernel }) => kernel.name);
}

for (const c of [...conv2d, ...matmul].slice(0,4))
  test(`${c.op} ${c.name}`, async () => {
    const drawn = draw(c, 0);
    console.log(await agrees(drawn.outputs, c.name));
  });
test.run();
