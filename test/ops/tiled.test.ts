import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { allCases, certify, failureText } from '../../src/certify/index.ts';
import { reference } from '../../src/certify/reference.ts';
import { makePlan } from '../../src/compile/index.ts';
import type { Capabilities } from '../../src/device/capabilities.ts';
import { openDevice, setDefaultDevice } from '../../src/device/index.ts';
import { defaultTuning, tileFits } from '../../src/device/tuning.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import { tileFor } from '../../src/ops/product-tiled.ts';
import { assertAgree } from '../support/assert-close.ts';
import { capabilities, planAndRun } from '../support/run-plan.ts';
import { onlyTile, posing } from '../support/tiled.ts';

/* The kernels for GPUs, on whatever device there is. */

const test = suite('kernels for GPUs');
const device = await openDevice();
const { tiled } = defaultTuning;

const data = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(1.3 * i)),
    shape,
  );

/** Asserts that what was planned for a GPU gives what float64 gives, and by these kernels. */
async function agrees(
  outputs: readonly Tensor[],
  kernels: readonly string[],
  others: Partial<Capabilities> = {},
): Promise<void> {
  const { plan, values } = await planAndRun(outputs, device, { ...posing, ...others });
  const expected = reference(outputs);
  for (const [i, y] of outputs.entries()) assertAgree(y, values[i], expected[i], 1e-5, `output ${i}`);
  const used = new Set(plan.dispatches.map(({ kernel }) => kernel.name));
  for (const kernel of kernels) assert.ok(used.has(kernel), `${kernel} is in ${[...used]}`);
}

/** A convolution and both its gradients, of a loss whose gradients are as large as its values. */
function faces(x: Tensor, w: Tensor, stride: number, padding: number): Tensor[] {
  const y = ops.conv2d(x, w, { stride, padding });
  const loss = ops.sum(y.mul(data(...y.shape)));
  return [y, grad(loss, x), grad(loss, w)];
}

const conv = ['conv2d_tiled', 'conv2d_input_grad_tiled', 'conv2d_weight_grad_tiled'];

test('3x3: edges of tiles in every direction', () =>
  agrees(
    [
      ...faces(data(3, 5, 7, 9), data(19, 5, 3, 3), 1, 1),
      ...faces(data(1, 1, 3, 3), data(1, 1, 3, 3), 1, 0),
      ...faces(data(2, 17, 4, 4), data(16, 17, 3, 3), 1, 2),
    ],
    conv,
  ));

test('1x1', () => agrees(faces(data(2, 19, 5, 7), data(5, 19, 1, 1), 1, 0), conv));

test('strides: even where the kernel is smaller, does not meet all of the image, or is not square', () =>
  agrees(
    [
      ...faces(data(2, 3, 9, 8), data(5, 3, 4, 4), 2, 1),
      ...faces(data(2, 2, 11, 10), data(3, 2, 5, 2), 3, 2),
      ...faces(data(1, 3, 8, 9), data(2, 3, 2, 2), 3, 1),
    ],
    conv,
  ));

const transposes = [
  { transposeA: false, transposeB: false },
  { transposeA: true, transposeB: false },
  { transposeA: false, transposeB: true },
  { transposeA: true, transposeB: true },
];
const product = (batch: number[], m: number, n: number, k: number, t: (typeof transposes)[0]) =>
  ops.matmul(
    data(...batch, ...(t.transposeA ? [k, m] : [m, k])),
    data(...(t.transposeB ? [n, k] : [k, n])),
    t,
  );

for (const t of transposes)
  test(`products, ${JSON.stringify(t)}`, () =>
    agrees(
      [product([3], 17, 21, 5, t), product([], 16, 32, 8, t), product([], 2, 37, 19, t)],
      ['matmul_tiled'],
    ));

const tiles = new Map(
  [...Object.values(tiled.forward), ...Object.values(tiled.weightGrad), tiled.few].map((tile) => [
    Object.values(tile).join(' '),
    tile,
  ]),
);
for (const [i, [name, tile]] of [...tiles].entries())
  test(`the default tile ${name}`, () =>
    agrees([product([2], tile.m + 3, tile.n + 5, 2 * tile.k + 1, transposes[i % 4])], ['matmul_tiled'], {
      tuning: onlyTile(tile),
    }));

test('convolutions by the default tiles', () =>
  agrees(faces(data(2, 33, 9, 10), data(32, 33, 3, 3), 1, 1), conv, { tuning: defaultTuning }));

test('the same bits in every run', async () => {
  const w = faces(data(4, 5, 9, 9), data(7, 5, 3, 3), 1, 1)[2];
  const [first, second] = [await planAndRun([w], device, posing), await planAndRun([w], device, posing)];
  assert.equal(first.values, second.values);
});

test('a tile is chosen by the smaller extent, a small one where there would be few', () => {
  const chosen = (m: number, n: number, batches = 1) =>
    tileFor({ batches, m, n, k: 8, row: n }, tiled.matmul, { ...capabilities, family: 'tiled' });
  assert.equal(chosen(32, 1e5), tiled.matmul.upTo32);
  assert.equal(chosen(33, 1e5), tiled.matmul.upTo64);
  assert.equal(chosen(65, 1e5), tiled.matmul.above);
  assert.equal(chosen(65, 100), tiled.few);
  assert.equal(chosen(65, 100, tiled.fill), tiled.matmul.above);
  const { m, n } = chosen(1e5, 20);
  assert.equal([m, n], [tiled.matmul.upTo32.n, tiled.matmul.upTo32.m]);
});

test('every default tile fits the default limits of WebGPU', () => {
  for (const [name, tile] of tiles) assert.ok(tileFits(tile, capabilities), name);
  assert.not(tileFits({ m: 32, n: 32, k: 8, rows: 3, columns: 1 }, capabilities), 'slots that are left over');
  assert.not(tileFits({ m: 256, n: 256, k: 8, rows: 2, columns: 2 }, capabilities), 'too many invocations');
});

test('where workgroups are too small for a tile, portable kernels serve', () => {
  const plan = makePlan(faces(data(1, 2, 5, 5), data(2, 2, 3, 3), 1, 1), 0, {
    ...capabilities,
    family: 'tiled',
    maxInvocations: 128,
  });
  const names = plan.dispatches.map(({ kernel }) => kernel.name).filter((name) => name.startsWith('conv2d'));
  assert.equal(new Set(names), new Set(conv.map((name) => name.replace('_tiled', ''))));
});

test('the certificate, on a device that says that it is a GPU', async () => {
  const other = await openDevice();
  setDefaultDevice(Object.assign(other, { capabilities: { ...other.capabilities, ...posing } }));
  const names = ['[2,2,8,7] [3,2,3,3] [3] stride 2, padding 0', '[7,5] [3,7] a transposed, b transposed'];
  const cases = allCases.filter((c) => names.includes(c.name));
  assert.is(cases.length, names.length);
  const findings = await certify(cases, { order: 2 });
  assert.equal(findings.filter((f) => !f.ok).map(failureText), []);
});

test.run();
