import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import '../../src/compile/index.ts';
import { grad, pullback, valueAndGrad } from '../../src/autodiff/index.ts';
import { type Tensor, tensor, topologicalOrder } from '../../src/graph/index.ts';
import { add, batchNorm, exp, matmul, mul, sin, square, stopGradient, sum } from '../../src/ops/index.ts';
import { assertClose } from '../support/assert-close.ts';

const test = suite('grad');
const values = async (t: Tensor): Promise<number[]> => Array.from(await t.data());

test('gives a tree like the parameters, zeros where the loss does not depend', async () => {
  const params = { a: tensor([1, 2]), nested: [tensor(3), tensor([[4]])] };
  const g = grad(sum(mul(square(params.a), params.nested[0])), params);
  assert.equal(Object.keys(g), ['a', 'nested']);
  assert.equal(await values(g.a), [6, 12]);
  assert.equal(await values(g.nested[0]), [5]);
  assert.equal([await values(g.nested[1]), g.nested[1].shape], [[0], [1, 1]]);
});

test('a tensor used many times collects every contribution', async () => {
  const x = tensor(2);
  const y = mul(x, x);
  assert.equal(await values(grad(add(add(mul(y, y), y), x), x)), [4 * 8 + 4 + 1]);
});

test('derivatives by inner nodes, by the loss itself, and by one leaf under two names', async () => {
  const x = tensor(3);
  const y = square(x);
  const loss = mul(y, 5);
  assert.equal(await values(grad(loss, y)), [5]);
  assert.equal(await values(grad(loss, loss)), [1]);
  const twice = grad(loss, { p: x, q: x });
  assert.equal([await values(twice.p), await values(twice.q)], [[30], [30]]);
});

test('sin to the sixth derivative', async () => {
  const x = tensor(0.7);
  let y: Tensor = sin(x);
  const got: number[] = [];
  for (let k = 0; k < 6; k++) {
    y = grad(y, x);
    got.push(await y.item());
  }
  const [s, c] = [Math.sin(0.7), Math.cos(0.7)];
  // WGSL allows sine and cosine an error of 2^-11.
  assertClose(got, [c, -s, -c, s, c, -s], 2 ** -11 / c, 'derivatives');
});

test('valueAndGrad, and a gradient inside a function that is differentiated', async () => {
  const f = (x: Tensor) => sum(exp(square(x)));
  const { value, gradient } = valueAndGrad(f, tensor([0.5, -1]));
  assertClose([await value.item()], [Math.exp(0.25) + Math.E], 1e-6, 'value');
  assertClose(await gradient.data(), [Math.exp(0.25), -2 * Math.E], 1e-6, 'gradient');
  const outer = valueAndGrad((x) => sum(square(grad(f(x), x))), tensor([0.5]));
  // (2 x e^(x^2))^2, whose derivative is 2 (2x e)(2 e + 4 x^2 e).
  const e = Math.exp(0.25);
  assertClose(await outer.gradient.data(), [2 * e * (2 * e + e)], 1e-5, 'second');
});

test('stopGradient of a tree stops every leaf', async () => {
  const params = { a: tensor([1, 2]), b: [tensor(3)] };
  const { a, b } = stopGradient(params);
  assert.equal(Array.from(await a.data()), [1, 2]);
  const gradient = grad(add(sum(mul(a, params.a)), mul(b[0], b[0])), params);
  assert.equal(Array.from(await gradient.a.data()), [1, 2]);
  assert.is(await gradient.b[0].item(), 0);
});

test('nothing flows through stopGradient', async () => {
  const x = tensor(3);
  assert.equal(await values(grad(mul(stopGradient(square(x)), x), x)), [9]);
  assert.equal(await values(grad(stopGradient(x), x)), [0]);
});

test('only what is wanted is differentiated', () => {
  const [x, w] = [tensor([[1, 2]]), tensor([[3], [4]])];
  const g = grad(sum(square(matmul(x, w))), w);
  const products = topologicalOrder([g]).filter((t) => t.op.name === 'matmul');
  assert.is(products.length, 2, 'the product and its derivative by w');
});

test('one tensor as several inputs of a fused op', async () => {
  const x = tensor([
    [1, 2],
    [3, 5],
    [4, -1],
  ]);
  const v = tensor([0.5, 2]);
  const y = (gamma: Tensor, beta: Tensor) => sum(square(batchNorm(x, gamma, beta)));
  const [p, q] = [tensor([0.5, 2]), tensor([0.5, 2])];
  const apart = grad(y(p, q), { p, q });
  assertClose(await grad(y(v, v), v).data(), await add(apart.p, apart.q).data(), 1e-6, 'both roles');
});

test('pullback of several outputs at once, with cotangents', async () => {
  const x = tensor([1, 2]);
  const [g, none] = pullback(
    [square(x), sin(tensor([1]))],
    [tensor([10, 100]), tensor([1])],
    [x, tensor([0])],
  );
  assert.equal(await values(g!), [20, 400]);
  assert.is(none, null);
});

test('a graph deeper than the call stack', async () => {
  const x = tensor(1);
  let y: Tensor = x;
  for (let i = 0; i < 20000; i++) y = add(y, 1e-5);
  assert.equal(await values(grad(y, x)), [1]);
});

test.run();
