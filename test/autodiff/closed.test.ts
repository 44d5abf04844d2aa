import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { makePlan } from '../../src/compile/index.ts';
import { loadShaders } from '../../src/device/shader.ts';
import { type Tensor, tensor, topologicalOrder } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import { capabilities } from '../support/run-plan.ts';

/*
 * The basis is closed: derivatives are made of ops that have derivatives. What only exists for a device (kernels chosen
 * after differentiation) must never appear in a graph that a user can differentiate.
 */
const test = suite('the basis is closed under differentiation');

const leaf = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 0.5 + ((i * 37) % 11) / 7),
    shape,
  );

/** Every public op that takes f32 tensors, by its exported name. */
const calls: Record<string, () => { y: Tensor; x: Tensor[] }> = {};
const byName = { ...ops } as unknown as Record<string, (...x: Tensor[]) => Tensor>;
const call = (name: keyof typeof ops, x: Tensor[], build: (...x: Tensor[]) => Tensor) => {
  calls[name] = () => ({ y: build(...x), x });
};
for (const name of ['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum'] as const)
  call(name, [leaf(2, 3), leaf(3)], byName[name]);
for (const name of [
  ...(['neg', 'square', 'exp', 'log', 'sqrt', 'rsqrt', 'sin', 'cos', 'tanh', 'sigmoid', 'softplus'] as const),
  ...(['abs', 'relu', 'hardSwish', 'stopGradient', 'logSoftmax', 'sign', 'floor', 'transpose'] as const),
])
  call(name, [leaf(2, 3)], (x) => byName[name](x));
call('clamp', [leaf(2, 3)], (x) => ops.clamp(x, 0.6, 1));
call('where', [leaf(2, 3), leaf(2, 3)], (a, b) => ops.where(ops.greater(a, 1), a, b));
call('greater', [leaf(2, 3)], (a) => ops.toFloat(ops.greater(a, 1)));
call('equal', [leaf(2, 3)], (a) => ops.toFloat(ops.equal(a, 1)));
call('toInt', [leaf(2, 3)], (a) => ops.toFloat(ops.toInt(a)));
call('toFloat', [leaf(2, 3)], ops.toFloat);
call('broadcastTo', [leaf(3)], (a) => ops.broadcastTo(a, [2, 3]));
call('reshape', [leaf(2, 3)], (a) => ops.reshape(a, [3, 2]));
call('permute', [leaf(2, 3)], (a) => ops.permute(a, [1, 0]));
call('flip', [leaf(2, 3)], (a) => ops.flip(a, [0]));
call('slice', [leaf(2, 3)], (a) => ops.slice(a, [0, 1]));
call('pad', [leaf(2, 3)], (a) => ops.pad(a, [0, 1], [1, 0]));
call('concat', [leaf(2, 3), leaf(1, 3)], (a, b) => ops.concat([a, b], 0));
call('sum', [leaf(2, 3)], (a) => ops.sum(a, 1));
call('mean', [leaf(2, 3)], (a) => ops.mean(a, 1));
call('max', [leaf(2, 3)], (a) => ops.max(a, 1));
call('matmul', [leaf(2, 3), leaf(3, 2)], (a, b) => ops.matmul(a, b));
call('conv2d', [leaf(1, 2, 4, 4), leaf(2, 2, 3, 3)], (x, w) => ops.conv2d(x, w, { padding: 1 }));
call('maxPool2d', [leaf(1, 2, 4, 4)], (x) => ops.maxPool2d(x, 2));
call('maxPool2dWithCodes', [leaf(1, 2, 4, 4)], (x) => ops.toFloat(ops.maxPool2dWithCodes(x, 2).codes));
call('avgPool2d', [leaf(1, 2, 4, 4)], (x) => ops.avgPool2d(x, 2));
call('spatialPyramidPool', [leaf(1, 2, 4, 4)], (x) => ops.spatialPyramidPool(x, [2, 1]));
call('upsampleNearest', [leaf(1, 2, 2, 2)], (x) => ops.upsampleNearest(x, [3, 4]));
call('batchNorm', [leaf(4, 2), leaf(2), leaf(2)], (x, g, b) => ops.batchNorm(x, g, b));
call('batchStatistics', [leaf(4, 2)], (x) => ops.batchStatistics(x).variance);
call('bceWithLogits', [leaf(4), leaf(4)], ops.bceWithLogits);
call('oneHot', [leaf(4)], (x) => ops.mul(ops.oneHot(ops.toInt(x), 3), ops.reshape(x, [4, 1])));
call('crossEntropy', [leaf(2, 3)], (z) => ops.crossEntropy(z, tensor(Int32Array.of(0, 2))));
call(
  'coordinateAttention',
  [leaf(2, 2, 3, 4), leaf(8, 2, 1, 1), leaf(8), leaf(2, 8, 1, 1), leaf(2)],
  (x, w, v, u, c) =>
    ops.coordinateAttention(x, {
      reduce: { weight: w, bias: v },
      norm: { gamma: v, beta: v },
      height: { weight: u, bias: c },
      width: { weight: u, bias: c },
    }),
);

test('the list above names every exported op', () => {
  const exported = Object.entries(ops).filter(([, f]) => typeof f === 'function');
  assert.equal(
    exported.map(([name]) => name).filter((name) => calls[name] === undefined),
    [],
  );
});

for (const [name, make] of Object.entries(calls))
  test(`${name}: derivatives to the third order hold only ops that can be differentiated, and can be planned`, async () => {
    await loadShaders();
    const { y, x } = make();
    let current = [y];
    const all = [y];
    for (let order = 1; order <= 3; order++) {
      const loss = current.map((t) => ops.sum(ops.mul(t, ops.add(t, 0.5)))).reduce(ops.add);
      current = grad(loss, x);
      all.push(...current);
    }
    for (const node of topologicalOrder(all)) {
      const { lowering, vjp, name: op } = node.op;
      assert.ok(vjp === 'expansion' ? lowering.kind === 'expand' : typeof vjp === 'function', op);
      // A rule must give one cotangent per input, of the input's shape, or say that there is none.
      if (typeof vjp !== 'function' || node.dtype !== 'f32' || node.inputs.length === 0) continue;
      const cotangents = vjp(node, node);
      assert.is(cotangents.length, node.inputs.length, `${op}: cotangents`);
      cotangents.forEach((c, i) => {
        if (c !== null) assert.equal(c.shape, node.inputs[i].shape, `${op}: cotangent ${i}`);
        if (c !== null) assert.is(c.dtype, 'f32', `${op}: cotangent ${i}`);
      });
    }
    assert.ok(makePlan(all, 0, capabilities).dispatches.length > 0);
  });

test('an op made for a device says that it cannot be differentiated', () => {
  const y = ops.conv2d(leaf(1, 1, 4, 4), leaf(1, 1, 3, 3));
  const { lowering } = y.op;
  assert.is(lowering.kind, 'choose');
  if (lowering.kind !== 'choose') return;
  const chosen = topologicalOrder([lowering.choose(y, capabilities)]).filter(
    (t) => t.op.lowering.kind === 'kernel' && t !== y,
  );
  assert.ok(chosen.length > 0);
  for (const t of chosen) {
    const { vjp } = t.op;
    assert.throws(
      () => typeof vjp === 'function' && vjp(t, t),
      /after differentiation, cannot be differentiated/,
    );
  }
});

test.run();
