import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { customVjp, grad, hvp, jvp, vjp } from '../../src/autodiff/index.ts';
import { reference } from '../../src/certify/reference.ts';
import { compile, makePlan } from '../../src/compile/index.ts';
import { loadShaders } from '../../src/device/shader.ts';
import { ones, type Tensor, tensor } from '../../src/graph/index.ts';
import {
  add,
  concat,
  exp,
  matmul,
  mul,
  sin,
  square,
  sum,
  tanh,
  toFloat,
  toInt,
} from '../../src/ops/index.ts';
import { vmap } from '../../src/vmap/index.ts';
import { assertClose } from '../support/assert-close.ts';
import { leaf } from '../support/leaves.ts';
import { capabilities } from '../support/run-plan.ts';
import { says } from '../support/says.ts';

const test = suite('customVjp');
const values = async (t: Tensor): Promise<number[]> => Array.from(await t.data());

/** x^3, whose derivative is said to be ten times what it is. */
const tenfold = customVjp(
  (x: Tensor) => x.mul(x).mul(x),
  ({ args: [x] }, g) => [g.mul(square(x)).mul(30)],
);

test('the value is that of the function, the derivative that of the rule', async () => {
  const x = tensor([1, -2]);
  assert.equal(await values(tenfold(x)), [1, -8]);
  assert.equal(await values(grad(sum(tenfold(x).mul(2)), x)), [60, 240]);
  assert.equal(await values(jvp(tenfold(x), x, tensor([1, 0.5]))), [30, 60]);
});

test('the rule is differentiated for higher derivatives', async () => {
  const x = tensor([1, -2]);
  assert.equal(await values(hvp(sum(tenfold(x)), x, ones([2]))), [60, -120]);
  const third = grad(sum(grad(sum(grad(sum(tenfold(x)), x)), x)), x);
  assert.equal(await values(third), [60, 60]);
});

test('the result is at hand in the rule, and has the rule for its derivative too', async () => {
  const e = customVjp(exp, ({ output }, g) => [g.mul(output)]);
  const x = tensor([0.3, -1]);
  let y: Tensor = e(x);
  for (let order = 0; order < 3; order++) {
    assertClose(await y.data(), [Math.exp(0.3), Math.exp(-1)], 1e-6, `derivative ${order}`);
    y = grad(sum(y), x);
  }
});

test('trees in, trees out, static arguments', async () => {
  type Params = { readonly a: Tensor; readonly list: readonly [Tensor, number] };
  const f = customVjp(
    ({ a, list: [b, scale] }: Params, power: number) => ({
      both: mul(a, b).mul(scale),
      deep: [a.pow(power)],
    }),
    ({ args: [{ a, list }, power], output }, { both, deep }) => {
      assert.is(power, 2);
      assert.equal(
        [output.both.shape, output.deep[0].shape],
        [
          [2, 3],
          [2, 1],
        ],
      );
      const da = both.mul(list[0]).sum(1, { keepDims: true }).mul(list[1]).add(deep[0].mul(a).mul(2));
      return [{ a: da, list: [both.mul(a).sum(0).mul(list[1]), null] as const }, null];
    },
  );
  const run = (custom: boolean) => (a: Tensor, b: Tensor) => {
    const plain = { both: mul(a, b).mul(3), deep: [a.pow(2)] };
    const { both, deep } = custom ? f({ a, list: [b, 3] }, 2) : plain;
    const loss = sum(sin(both)).add(sum(square(deep[0]).mul(both)));
    const first = grad(loss, { a, b });
    return { loss, first, second: hvp(loss, { a, b }, { a: a.mul(0.5), b: b.add(1) }) };
  };
  const [a, b] = [tensor([[0.5], [-0.3]]), tensor([1, 0.2, -0.7])];
  const [mine, plain] = [await compile(run(true))(a, b), await compile(run(false))(a, b)];
  for (const [x, y] of [
    [mine.loss, plain.loss],
    [mine.first.a, plain.first.a],
    [mine.first.b, plain.first.b],
    [mine.second.a, plain.second.a],
    [mine.second.b, plain.second.b],
  ])
    assertClose(await x.data(), await y.data(), 1e-5, `${x.shape}`);
});

test('null for a leaf or a subtree: no derivative flows there', async () => {
  const f = customVjp(
    (theta: Tensor, data: { x: Tensor; y: Tensor[] }) => theta.mul(data.x).add(data.y[0]),
    ({ args: [, { x }] }, g) => [g.mul(x), null],
  );
  const [theta, x, y] = [tensor(2), tensor(3), tensor(5)];
  const g = grad(f(theta, { x, y: [y] }), { theta, x, y });
  assert.equal([await g.theta.item(), await g.x.item(), await g.y.item()], [3, 0, 0]);
  assert.throws(
    () => grad(f(theta, { x, y: [y] }), { theta, y }, { unused: 'error' }),
    says('depend on params.y, f32[]'),
  );
});

test('integers pass, without derivatives', async () => {
  const f = customVjp(
    (x: Tensor, n: Tensor) => ({ y: x.mul(toFloat(n)), n: toInt(x) }),
    ({ args: [, n], output }, gs) => {
      assert.is(gs.n, null);
      assert.is(output.n.dtype, 'i32');
      return [gs.y.mul(toFloat(n)), null];
    },
  );
  const x = tensor([1.5, 2.5]);
  const { y, n } = f(x, tensor(Int32Array.of(3, 4)));
  assert.equal(
    [await values(y), await values(n)],
    [
      [4.5, 10],
      [1, 2],
    ],
  );
  assert.equal(await values(grad(sum(y.mul(toFloat(n))), x)), [3, 8]);
});

test('one tensor as two arguments gets what both get', async () => {
  const f = customVjp(
    (a: Tensor, b: Tensor) => a.mul(b),
    ({ args: [a, b] }, g) => [g.mul(b), g.mul(a).mul(100)],
  );
  const x = tensor(3);
  assert.equal(await values(grad(f(x, x), x)), [303]);
});

test('captured constants are welcome; a derivative by what is captured is refused', async () => {
  const [x, c] = [tensor([1, 2]), tensor([3, 4])];
  const f = customVjp(
    (a: Tensor) => a.mul(square(c)),
    (_, g) => [g.mul(square(c))],
  );
  assert.equal(await values(grad(sum(f(x)), x)), [9, 16]);
  assert.throws(
    () => grad(sum(f(x)), { x, c }),
    /through Tensor\(host, f32\[2\]\), which the function captures/,
  );
  assert.throws(
    () =>
      grad(
        sum(
          customVjp(
            (a: Tensor) => [a.mul(c), c],
            () => [null],
          )(x)[0],
        ),
        c,
      ),
    says('make it an argument'),
  );
});

test('what a rule returns is checked', () => {
  const x = tensor([1, 2]);
  type Any = ReturnType<Parameters<typeof customVjp<[Tensor, { n: Tensor }], Tensor>>[1]>;
  const returning = (cotangents: unknown) => () => {
    const f = customVjp(
      (a: Tensor, { n }: { n: Tensor }) => a.mul(toFloat(n)),
      () => cotangents as Any,
    );
    return grad(sum(f(x, { n: tensor(Int32Array.of(1, 2)) })), x);
  };
  const refused = (cotangents: unknown, message: string) =>
    assert.throws(returning(cotangents), says(`customVjp: the rule's cotangent of ${message}`));
  refused([tensor([1]), null], 'argument 0 is f32[1], but the argument is f32[2]');
  refused([tensor(Int32Array.of(1, 2)), null], 'argument 0 is i32[2], but the argument is f32[2]');
  refused([], 'argument 0 must be a tensor or null');
  refused([x, {}], 'argument 1.n must be a tensor or null');
  refused([x, { n: x }], 'argument 1.n, i32[2], must be null; only f32 has one');
  refused([x, { n: null, m: null }], 'argument 1 has "m", which the argument has not');
  refused([x, x], 'argument 1 must be null or a tree like the argument');
  refused(x, 'the arguments must be null or a tree like the argument');
  returning(null)();
});

test('costs nothing in the plan: one result or several, equal calls merged', async () => {
  await loadShaders();
  const build = (wrap: typeof customVjp) => {
    const one = wrap(
      (x: Tensor) => tanh(x),
      ({ output }, g) => [g.mul(output)],
    );
    const two = wrap(
      (x: Tensor) => [exp(x), x.reshape([4, 4]).matmul(x.reshape([4, 4]))],
      () => null,
    );
    const x = tensor(
      Float32Array.from({ length: 16 }, (_, i) => i / 16),
      [16],
    );
    const [e, m] = two(x);
    const [again] = two(x);
    return [concat([one(x), one(x), e, again], 0), m];
  };
  const bare = ((f: unknown) => f) as typeof customVjp;
  const count = (wrap: typeof customVjp) =>
    makePlan(build(wrap), 0, capabilities).dispatches.map((d) => d.label);
  assert.equal(count(customVjp), count(bare));
});

test('vjp of a tree that a wrapped function returned', async () => {
  const f = customVjp(
    (x: Tensor) => ({ s: sin(x), q: square(x) }),
    (_, { s, q }) => [s.add(q)],
  );
  const x = tensor([1, 2]);
  assert.equal(await values(vjp(f(x), x, { s: tensor([1, 2]), q: tensor([10, 20]) })), [11, 22]);
});

test('a batch of tasks keeps the rule, in derivatives to any order, for what tasks have and what they share', async () => {
  const f = customVjp(
    (w: Tensor, x: Tensor) => ({ y: matmul(x, w), s: sum(square(w)) }),
    ({ args: [w, x] }, { y, s }) => [add(matmul(x, y, { transposeA: true }).mul(5), w.mul(s)), null],
  );
  const alone = (w: Tensor, x: Tensor) => {
    const { y, s } = f(w, x);
    const loss = sum(tanh(y)).add(s);
    return { loss, g: grad(loss, w), again: grad(sum(square(grad(loss, w))), w) };
  };
  const [w, x] = [leaf(3, 2), leaf(4, 5, 3)];
  const ws = leaf(4, 3, 2);
  const tasks = [0, 1, 2, 3].map((t) => ({
    x: x.slice([t], [t + 1]).reshape([5, 3]),
    w: ws.slice([t], [t + 1]).reshape([3, 2]),
  }));
  const stacked = (list: Tensor[]) =>
    concat(
      list.map((t) => t.reshape([1, ...t.shape])),
      0,
    );
  const own = vmap((t: { x: Tensor; w: Tensor }) => alone(t.w, t.x))({ x, w: ws });
  for (const name of ['loss', 'g', 'again'] as const) {
    const expected = stacked(tasks.map((t) => alone(t.w, t.x)[name]));
    assertClose(reference([own[name]])[0], reference([expected])[0], 1e-12, name);
    assertClose(await own[name].data(), reference([expected])[0], 1e-5, `${name} on the device`);
  }
  // Differentiated after the tasks were put together, by weights that they share.
  const loss = sum(vmap((x: Tensor) => square(sum(tanh(f(w, x).y))))(x));
  const plain = tasks.map((t) => square(sum(tanh(f(w, t.x).y)))).reduce(add);
  const [g, expected] = [grad(loss, w), grad(plain, w)];
  assertClose(reference([g])[0], reference([expected])[0], 1e-12, 'shared weights');
  const [h, second] = [g, expected].map((d) => grad(sum(square(d)), w));
  assertClose(reference([h])[0], reference([second])[0], 1e-12, 'shared weights, second order');
  // Tasks in tasks.
  const nested = vmap((xs: Tensor) => vmap((x: Tensor) => grad(sum(f(w, x).y), w))(xs))(
    x.reshape([2, 2, 5, 3]),
  );
  assertClose(
    reference([nested])[0],
    reference([stacked(tasks.map((t) => grad(sum(f(w, t.x).y), w)))])[0],
    1e-12,
    'nested',
  );
});

test('a batch of tasks still refuses derivatives by what is captured', () => {
  const [w, x] = [leaf(2), leaf(3, 2)];
  const f = customVjp(
    (a: Tensor) => mul(a, w),
    (_, g) => [mul(g, w)],
  );
  grad(sum(vmap(f)(x)), x);
  assert.throws(() => grad(sum(vmap(f)(x)), w), says('make it an argument'));
});

test("a rule that captures a tensor of a vmap's example is told to take it as an argument", async () => {
  const scaled = (x: Tensor, by: Tensor) =>
    customVjp(
      (y: Tensor) => square(y),
      (_, g) => [mul(g, by)],
    )(x);
  const x = tensor([1, 2]);
  const losses = vmap((by: Tensor) => sum(scaled(x, by)))(tensor([3, 4, 5]));
  await grad(sum(losses), x)
    .data()
    .then(
      () => assert.unreachable('something was computed'),
      ({ message }) =>
        assert.match(
          message,
          /Tensor\(example, f32\[\]\) has no value: .* example of a vmap, which a rule captures; make it an argument/,
        ),
    );
});

test.run();
