import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Tensor, tensor, topologicalOrder } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';

const test = suite('ops as methods');

const x = tensor([
  [1, 2],
  [3, 4],
]);

const { neg, square, exp, log, sqrt, rsqrt, sin, cos, abs, relu, tanh, sigmoid, softplus, toInt } = ops;
const unary = { neg, square, exp, log, sqrt, rsqrt, sin, cos, abs, relu, tanh, sigmoid, softplus, toInt };
for (const [name, f] of Object.entries(unary) as [keyof typeof unary, (a: Tensor) => Tensor][])
  test(name, () => assert.is(x[name]().op, f(x).op));

const { add, sub, mul, div, pow } = ops;
const binary = { add, sub, mul, div, pow };
for (const [name, f] of Object.entries(binary) as [keyof typeof binary, (a: Tensor, b: Tensor) => Tensor][])
  test(name, () => {
    const y = x.exp();
    assert.is(x[name](y).op, f(x, y).op);
    assert.equal(x[name](y).inputs, [x, y]);
  });

test('methods take the options of the ops', () => {
  assert.equal(x.sum(1, { keepDims: true }).shape, [2, 1]);
  assert.equal(x.mean(1).shape, [2]);
  assert.equal(x.max(0).shape, [2]);
  assert.equal(x.transpose().shape, [2, 2]);
  assert.equal(x.reshape([4]).shape, [4]);
  assert.equal(x.permute([1, 0]).shape, [2, 2]);
  assert.equal(x.slice([0, 1]).shape, [2, 1]);
  assert.equal(x.slice([0], [1]).broadcastTo([3, 1, 2]).shape, [3, 1, 2]);
  assert.is(x.toInt().dtype, 'i32');
  assert.is(x.toInt().toFloat().dtype, 'f32');
  assert.is(
    topologicalOrder([x.matmul(x, { transposeB: true })]).some((t) => t.attrs.transposeB === true),
    true,
  );
});

test.run();
