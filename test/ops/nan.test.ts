import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { reference } from '../../src/certify/reference.ts';
import { defaultDevice } from '../../src/device/index.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import { assertAgree } from '../support/assert-close.ts';
import { planAndRun } from '../support/run-plan.ts';

/* NaN goes through every function as it does in float64: what is lost on the way hides where training went wrong. */

const test = suite('NaN and infinities');

/** Asserts that the device gives what float64 gives, NaN and infinities in the same places. */
async function agrees(outputs: readonly Tensor[], what: string, tolerance = 1e-5): Promise<void> {
  const { values } = await planAndRun(outputs, await defaultDevice());
  const expected = reference(outputs);
  for (const [i, node] of outputs.entries()) assertAgree(node, values[i], expected[i], tolerance, what);
}

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
// 19 and 20 elements: computed one by one, and in vectors of four.
const list = [nan, -2, -0.5, nan, 0, 0.5, 2, nan, nan, 30, -30, 1, nan, 1, 2, 3, 4, nan, 5, nan];
const vectors = [list, list.slice(1)].map((l) => tensor(l));
const others = [list, list.slice(1)].map((l) => tensor(l.map((_, i) => (i % 3 === 0 ? nan : 1 - i / 4))));

const unary = {
  relu: ops.relu,
  tanh: ops.tanh,
  sigmoid: ops.sigmoid,
  softplus: ops.softplus,
  exp: ops.exp,
  neg: ops.neg,
  square: ops.square,
  abs: ops.abs,
  sign: ops.sign,
  floor: ops.floor,
  hardSwish: ops.hardSwish,
  log: (x: Tensor) => ops.log(ops.add(ops.abs(x), 1)),
  sqrt: (x: Tensor) => ops.sqrt(ops.abs(x)),
  rsqrt: (x: Tensor) => ops.rsqrt(ops.add(ops.abs(x), 1)),
  'clamp to numbers': (x: Tensor) => ops.clamp(x, -1, 1),
};
for (const [name, f] of Object.entries(unary)) test(name, () => agrees(vectors.map(f), name));

// WGSL allows sine and cosine an error of 2^-11 within [-pi, pi].
for (const [name, f] of Object.entries({ sin: ops.sin, cos: ops.cos }))
  test(name, () =>
    agrees(
      vectors.map((x) => f(ops.mul(x, 0.1))),
      name,
      2 ** -10,
    ),
  );

for (const [name, f] of Object.entries({ maximum: ops.maximum, minimum: ops.minimum }))
  test(`${name}: NaN of either operand`, async () => {
    await agrees(
      vectors.flatMap((x, i) => [f(x, others[i]), f(others[i], x), f(x, 0), f(0, x)]),
      name,
    );
    const integers = tensor(Int32Array.of(-2147483648, 2147483647, 2143289344, -1, 0));
    await agrees([f(integers, 3), f(ops.neg(integers), integers)], `${name} of integers`);
  });

/** Images with NaN in every place of a window, alone and together, and windows of one infinity. */
function image(width: number): Tensor {
  const data = Float32Array.from({ length: 6 * width }, (_, i) => Math.sin(7 * i));
  for (const at of [0, 3, width + 4, width + 7, 2 * width, 2 * width + 1, 3 * width + 1]) data[at] = nan;
  for (const row of [4, 5]) for (const column of [0, 1, 2, 3]) data[row * width + column] = -inf;
  for (const row of [4, 5]) for (const column of [6, 7]) data[row * width + column] = inf;
  return tensor(data, [1, 1, 6, width]);
}

// Whole vectors to a row have a kernel of their own.
for (const width of [8, 10])
  for (const [kernel, options] of [
    [2, {}],
    [3, { stride: 1, padding: 1 }],
    [3, { stride: 2 }],
  ] as const)
    test(`max pooling of width ${width} by ${kernel}: NaN wins, -Infinity alone stays`, async () => {
      const { values, codes } = ops.maxPool2dWithCodes(image(width), kernel, options);
      await agrees([values, codes], 'max pooling');
    });

test('a window of -Infinity alone has its first element for maximum', async () => {
  const x = tensor(new Float32Array(16).fill(-inf), [1, 1, 4, 4]);
  for (const kernel of [2, 4]) {
    const { values, codes } = ops.maxPool2dWithCodes(x, kernel);
    assert.equal(new Set(await values.data()), new Set([-inf]));
    assert.equal(new Set(await codes.data()), new Set([0]));
  }
});

test.run();
