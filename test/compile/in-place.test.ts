import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile, makePlan } from '../../src/compile/index.ts';
import { loadShaders } from '../../src/device/shader.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import { input } from '../../src/graph/source.ts';
import * as ops from '../../src/ops/index.ts';
import { capabilities } from '../support/run-plan.ts';

/* Elementwise work may be written over what it reads for the last time. */

const test = suite('in place');
test.before(() => loadShaders());

const n = 12;
const matrices = () => [input(0, [n, n], 'f32'), input(1, [n, n], 'f32')];
const plan = (f: (a: Tensor, b: Tensor) => Tensor[]) => {
  const [a, b] = matrices();
  return makePlan(f(a, b), 2, capabilities);
};
const last = (f: (a: Tensor, b: Tensor) => Tensor[]) => plan(f).dispatches.at(-1)!;

test('a product that only its relu reads is overwritten by it, and is not bound a second time', () => {
  const made = plan((a, b) => [ops.relu(ops.matmul(a, b))]);
  const [product, relu] = made.dispatches;
  assert.equal(relu.outputs, product.outputs);
  assert.equal(relu.inputs, []);
  assert.match(relu.label, / in place$/);
  assert.match(relu.kernel.source, /out0\[/);
  assert.not.match(relu.kernel.source, /read> in\d/);
  assert.is(made.slots.length, 3, 'two arguments and one place for product and relu');
});

test('a value stays where something else still needs it, or reads it elsewhere', () => {
  const kept: Record<string, (a: Tensor, b: Tensor) => Tensor[]> = {
    'it is a result itself': (a, b) => [ops.matmul(a, b), ops.relu(ops.matmul(a, b))],
    transposed: (a, b) => [ops.add(ops.matmul(a, b), ops.transpose(ops.matmul(a, b)))],
    'turned round': (a, b) => [ops.relu(ops.flip(ops.matmul(a, b), [0]))],
    'it is larger': (a, b) => [ops.relu(ops.slice(ops.matmul(a, b), [0, 0], [n, n / 2]))],
    'of another type': (a, b) => [ops.toInt(ops.matmul(a, b))],
    'a constant': () => [ops.relu(tensor(new Float32Array(16)))],
  };
  for (const [why, f] of Object.entries(kept)) {
    const { inputs, outputs, label } = last(f);
    assert.ok(!label.endsWith('in place'), `${why}: ${label}`);
    assert.ok(inputs.length > 0 && !inputs.includes(outputs[0]), why);
  }
});

test('of several results each takes a place of its own', () => {
  const { inputs, outputs } = last((a, b) => {
    const [x, y] = [ops.matmul(a, b), ops.matmul(b, a)];
    return [ops.add(x, y), ops.mul(x, y)];
  });
  assert.is(new Set(outputs).size, 2);
  assert.ok(inputs.every((slot) => !outputs.includes(slot)));
});

test('arguments are copies: what is written over them is not seen outside, and the next run has its own', async () => {
  const x = Float32Array.from({ length: 64 }, (_, i) => i / 32 - 1);
  const f = compile((t: Tensor) => t.exp().add(1));
  const given = tensor(x);
  const expected = [...x].map((v) => Math.fround(Math.exp(v)) + 1);
  for (let run = 0; run < 3; run++) {
    const result = await (await f(given)).data();
    result.forEach((v, i) => {
      assert.ok(Math.abs(v - expected[i]) < 1e-5 * expected[i], `run ${run}: ${v}, expected ${expected[i]}`);
    });
  }
  assert.equal([...(await given.data())], [...x]);
  assert.match((await f.plan(given)).dispatches[0].label, / in place$/);
});

test.run();
