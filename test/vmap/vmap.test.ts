import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { reference } from '../../src/certify/reference.ts';
import { compile } from '../../src/compile/index.ts';
import { defaultDevice } from '../../src/device/index.ts';
import { iota, ones, type Tensor, tensor } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import { Random } from '../../src/random.ts';
import { vmap } from '../../src/vmap/index.ts';
import { assertAgree } from '../support/assert-close.ts';
import { bothForms, entry, stacked } from '../support/batched.ts';
import { leaf } from '../support/leaves.ts';
import { growGraph, randomLeaves } from '../support/random-graph.ts';
import { planAndRun } from '../support/run-plan.ts';

const test = suite('vmap');
const device = await defaultDevice();

/** Asserts that two graphs have one value in float64, and that the device finds it for the first. */
async function same(actual: readonly Tensor[], expected: readonly Tensor[], tolerance: number, what: string) {
  const [inDouble, wanted] = [reference(actual), reference(expected)];
  const { values } = await planAndRun(actual, device);
  for (const [i, node] of actual.entries()) {
    assert.equal(node.shape, expected[i].shape, `${what}: ${node}`);
    assertAgree(node, inDouble[i], wanted[i], 1e-9, `${what} in float64`);
    assertAgree(node, values[i], wanted[i], tolerance, `${what} on the device`);
  }
}

test('trees go in and come out', async () => {
  const batch = { a: leaf(4, 3), list: [leaf(4), leaf(4, 2, 3)] };
  const f = ({ a, list }: typeof batch) => ({ product: a.mul(list[1]), both: [list[0], a.sum()] });
  const { product, both } = vmap(f)(batch);
  const loop = [0, 1, 2, 3].map((t) => f({ a: entry(batch.a, t), list: batch.list.map((x) => entry(x, t)) }));
  const expected = [loop.map((r) => r.product), ...[0, 1].map((i) => loop.map((r) => r.both[i]))];
  await same([product, ...both], expected.map(stacked), 1e-6, 'trees');
});

test('a result that does not depend on the batch is repeated', async () => {
  const [x, shared] = [leaf(3, 2), leaf(5)];
  const y = vmap((_: Tensor) => ops.square(shared))(x);
  await same([y], [ops.broadcastTo(ops.square(shared), [3, 5])], 1e-6, 'shared result');
});

test('what the tasks share is computed once', () => {
  const shared = ops.exp(leaf(5));
  const y = vmap((x: Tensor) => x.mul(shared))(leaf(3, 5));
  assert.ok(y.inputs[1].op.name === 'expand' && y.inputs[1].inputs[0].inputs[0] === shared);
});

test('vmap of vmap, by inner and outer axes', async () => {
  const [x, w, shared] = [leaf(2, 3, 2, 2, 4, 4), leaf(2, 3, 3, 2, 3, 3), leaf(2, 2, 2, 3, 3)];
  const f = (image: Tensor, own: Tensor, outer: Tensor) =>
    ops.batchNorm(ops.conv2d(ops.conv2d(image, outer, { padding: 1 }), own), ones([3]), ones([3]));
  const batched = vmap(([xs, ws, u]: Tensor[]) =>
    vmap(([image, own]: Tensor[]) => f(image, own, u))([xs, ws]),
  )([x, w, shared]);
  const loop = stacked(
    [0, 1].map((i) =>
      stacked([0, 1, 2].map((j) => f(entry(entry(x, i), j), entry(entry(w, i), j), entry(shared, i)))),
    ),
  );
  const leaves = [x, w, shared];
  const by = (y: Tensor) => grad(ops.sum(ops.mul(y, ops.square(y))), leaves);
  await same([batched, ...by(batched)], [loop, ...by(loop)], 1e-4, 'nested');
});

test('a gradient inside, differentiated outside', async () => {
  const [x, w] = [leaf(4, 3, 2), leaf(2, 5)];
  const f = (example: Tensor, weight: Tensor) => {
    const step = (p: Tensor) => p.sub(grad(ops.mean(ops.square(ops.matmul(example, p)).tanh()), p));
    return ops.matmul(example, step(step(weight)));
  };
  const { batched, loop } = bothForms([x, w], [true, false], 4, f);
  const by = (y: Tensor) => grad(ops.sum(ops.square(y)), [x, w]);
  await same([batched, ...by(batched)], [loop, ...by(loop)], 2e-5, 'gradient');
});

test('inside a compiled function', async () => {
  const f = compile((x: Tensor, s: Tensor) => vmap((row: Tensor) => row.mul(s).sum())(x));
  assert.equal(
    [
      ...(await (
        await f(
          tensor([
            [1, 2],
            [3, 4],
            [5, 6],
          ]),
          2,
        )
      ).data()),
    ],
    [6, 14, 22],
  );
});

test('random graphs, some leaves shared', async () => {
  const T = 3;
  let checked = 0;
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(`batched ${seed}`);
    const own: Tensor[] = [];
    const leaves = randomLeaves(random, 1 + random.int(4)).map((x, i) => {
      if (i > 0 && random.int(3) === 0) return x;
      const shifted = iota([T, ...x.shape], 0);
      const y =
        x.dtype === 'f32' ? ops.mul(x, ops.add(ops.mul(ops.toFloat(shifted), -0.7), 1)) : ops.sub(x, shifted);
      own.push(y);
      return y;
    });
    const steps = 4 + random.int(16);
    const grow = (...given: Tensor[]) => growGraph(new Random(`body ${seed}`), given, steps);
    const count = grow(...leaves.map((x) => (own.includes(x) ? entry(x, 0) : x))).length;
    const forms = Array.from({ length: count }, (_, k) =>
      bothForms(
        leaves,
        leaves.map((x) => own.includes(x)),
        T,
        (...given) => grow(...given)[k],
      ),
    );
    await same(
      forms.map((f) => f.batched),
      forms.map((f) => f.loop),
      1e-4,
      `seed ${seed}`,
    );
    checked += count;
  }
  assert.ok(checked > 100);
});

const refusals: [what: string, batch: unknown, message: RegExp][] = [
  [
    'a scalar',
    { x: leaf(3), s: tensor(1) },
    /^vmap: "s" f32\[\] has no leading axis to go along; capture by closure/,
  ],
  ['a lone scalar', tensor(1), /^vmap: the batch f32\[\] has no leading axis/],
  [
    'leading axes that differ',
    [leaf(3, 2), leaf(3), leaf(4, 2)],
    /^vmap: leading axes differ, "0" f32\[3,2\] and "2" f32\[4,2\]/,
  ],
  ['a number', { x: leaf(3), s: 1 }, /^vmap: "s" of the batch is not a tensor/],
  ['an empty batch', {}, /^vmap: the batch holds no tensor/],
];
for (const [what, batch, message] of refusals)
  test(`refuses ${what}`, () => assert.throws(() => vmap((x: Tensor) => x)(batch as Tensor), message));

test('refuses a result that is no tensor', () =>
  assert.throws(
    () => vmap((_: Tensor) => ({ n: 3 }) as unknown as Tensor)(leaf(3)),
    /^vmap: "n" of the function's result is not a tensor/,
  ));

test.run();
