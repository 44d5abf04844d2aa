import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { draw } from '../../src/certify/derivatives.ts';
import { allCases, basisOf } from '../../src/certify/index.ts';
import { makePlan } from '../../src/compile/index.ts';
import { loadShaders } from '../../src/device/shader.ts';
import { ones, topologicalOrder } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import { capabilities } from '../support/run-plan.ts';

/*
 * The basis is closed: derivatives are made of ops that have derivatives. What only exists for a device (kernels chosen
 * after differentiation) must never appear in a graph that a user can differentiate.
 */
const test = suite('the basis is closed under differentiation');

const drawn = allCases.map((c) => draw(c, 3));
const everything = drawn.flatMap((d) => [...d.outputs, ...d.orders.flatMap((o) => o.gradients)]);

test('no rule leaves the basis, to the third order', () => {
  const { ops: basis, escapes } = basisOf(allCases);
  assert.equal(escapes, []);
  const rule = (name: string) => basis.find((op) => op.name === name)?.rule;
  assert.equal(rule('conv2d'), ['conv2dInputGrad', 'conv2dWeightGrad']);
  assert.equal(rule('conv2dWeightGrad'), ['conv2d', 'conv2dInputGrad']);
  assert.equal(rule('gatherPool2d'), ['scatterPool2d']);
});

test('every rule gives one f32 cotangent of its input’s shape per input, or says that there is none', () => {
  for (const node of topologicalOrder(everything)) {
    const { lowering, vjp, name } = node.op;
    assert.ok(vjp === 'expansion' ? lowering.kind === 'expand' : typeof vjp === 'function', name);
    if (typeof vjp !== 'function' || node.dtype !== 'f32' || node.inputs.length === 0) continue;
    const cotangents = vjp(node, node);
    assert.is(cotangents.length, node.inputs.length, `${name}: cotangents`);
    cotangents.forEach((c, i) => {
      if (c !== null) assert.equal(c.shape, node.inputs[i].shape, `${name}: cotangent ${i}`);
      if (c !== null) assert.is(c.dtype, 'f32', `${name}: cotangent ${i}`);
    });
  }
});

test('derivatives to the third order can be planned', async () => {
  await loadShaders();
  for (const { case: c, outputs, orders } of drawn) {
    const all = [...outputs, ...orders.flatMap((o) => o.gradients)];
    assert.ok(makePlan(all, 0, capabilities).dispatches.length > 0, `${c.op} ${c.name}`);
  }
});

test('an op made for a device says that it cannot be differentiated', () => {
  const y = ops.conv2d(ones([1, 1, 4, 4]), ones([1, 1, 3, 3]));
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
