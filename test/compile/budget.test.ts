import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { reference } from '../../src/certify/reference.ts';
import { aliveAt } from '../../src/compile/budget.ts';
import { compile, makePlan, planBytes } from '../../src/compile/index.ts';
import { Recomputation } from '../../src/compile/recompute.ts';
import { makeSchedule } from '../../src/compile/schedule.ts';
import { defaultDevice } from '../../src/device/default.ts';
import type { Plan } from '../../src/device/plan.ts';
import { type Tensor, tree } from '../../src/graph/index.ts';
import { defaultModel, initModel, loss } from '../../src/medetection/index.ts';
import { adapt } from '../../src/meta/index.ts';
import { normal } from '../../src/nn/index.ts';
import * as ops from '../../src/ops/index.ts';
import { Random } from '../../src/random.ts';
import { assertAgree } from '../support/assert-close.ts';
import { growGraph, randomLeaves } from '../support/random-graph.ts';
import { planAndRun } from '../support/run-plan.ts';

const device = await defaultDevice();
const test = suite('memory budget');
const draw = new Random('budget');

/** The loss of 16 layers and its gradient by their weights. */
function layers(): Tensor[] {
  const x = normal(draw, [2, 8, 16, 16], 1);
  const weights = Array.from({ length: 16 }, () => normal(draw, [8, 8, 3, 3], 0.1));
  const y = weights.reduce((h, w) => ops.tanh(ops.conv2d(h, w, { padding: 1 })), x);
  const value = ops.mean(ops.square(y));
  return [value, ...grad(value, weights)];
}

const flops = (plan: Plan): number => plan.dispatches.reduce((n, d) => n + d.kernel.flops, 0);

test('half the memory of a deep network takes about half as much work again, and gives the same numbers', async () => {
  const outputs = layers();
  const whole = await planAndRun(outputs, device);
  const memoryBudget = 0.55 * planBytes(whole.plan);
  const less = await planAndRun(outputs, device, {}, { memoryBudget });
  assert.ok(planBytes(less.plan) <= memoryBudget, `${planBytes(less.plan)} of ${memoryBudget} bytes`);
  const more = flops(less.plan) / flops(whole.plan);
  assert.ok(more > 1 && more < 1.7, `${more} times the work`);
  for (const [i, t] of outputs.entries())
    assertAgree(t, less.values[i], Float64Array.from(whole.values[i]), 1e-6, `output ${i}`);
  const again = await planAndRun(outputs, device, {}, { memoryBudget });
  assert.equal(again.values, less.values, 'the same bits in every run');
});

test('a budget that is met already changes nothing', () => {
  const outputs = layers();
  const plan = makePlan(outputs, 0, device.capabilities);
  assert.equal(makePlan(outputs, 0, device.capabilities, { memoryBudget: planBytes(plan) }), plan);
});

test('a budget that cannot be met is refused, with how low it got', () => {
  const outputs = layers();
  const bytes = planBytes(makePlan(outputs, 0, device.capabilities));
  assert.throws(
    () => makePlan(outputs, 0, device.capabilities, { memoryBudget: bytes / 50 }),
    /plan: takes [\d.]+ MiB of memory, and recomputing values brings it down to [\d.]+ MiB only, but the budget is [\d.]+ MiB; use smaller batches/,
  );
  assert.throws(
    () => makePlan([ops.exp(normal(draw, [64], 1))], 0, device.capabilities, { memoryBudget: 8 }),
    /plan: takes 0\.0 MiB of memory, but the budget is 0\.0 MiB/,
  );
});

test('a second-order meta-step', async () => {
  const model = { ...defaultModel, size: 64, width: 4 };
  const params = initModel(model, draw);
  const pairs = (n: number) => ({
    image: normal(draw, [n, 3, 64, 64], 1),
    reference: normal(draw, [n, 3, 64, 64], 1),
    label: normal(draw, [n], 1),
  });
  const [support, query] = [pairs(4), pairs(4)];
  const gradient = (p: typeof params) => {
    const { theta } = adapt(loss(model), p, support, { rate: 0.05, steps: 3 });
    return ops.concat(
      tree.leaves(grad(loss(model)(theta, query), p)).map((g) => ops.reshape(g, [-1])),
      0,
    );
  };
  const plain = compile(gradient, { device });
  const memoryBudget = 0.85 * planBytes(await plain.plan(params));
  const frugal = compile(gradient, { device, memoryBudget });
  assert.ok(planBytes(await frugal.plan(params)) <= memoryBudget);
  const node = await frugal(params);
  assertAgree(
    node,
    await node.data(),
    Float64Array.from(await (await plain(params)).data()),
    1e-4,
    'gradient',
  );
});

test('random graphs with whatever can be computed anew computed anew, against float64', async () => {
  let anew = 0;
  for (let seed = 700; seed < 725; seed++) {
    const random = new Random(`graph ${seed}`);
    const leaves = randomLeaves(random, 2).filter((t) => t.dtype === 'f32');
    const floats = growGraph(random, leaves, 25).filter((t) => t.dtype === 'f32');
    if (floats.length === 0) continue;
    const outputs = grad(floats.map((t) => ops.sum(ops.tanh(t))).reduce(ops.add), leaves);
    const schedule = makeSchedule(outputs, device.capabilities);
    const recomputation = new Recomputation(schedule, aliveAt(schedule), 0);
    const candidates = recomputation.candidates(100);
    const roots = recomputation.apply(candidates);
    const { values } = await planAndRun(roots, device);
    if (candidates.length > 0) anew++;
    const expected = reference(outputs);
    for (const [i, t] of outputs.entries())
      assertAgree(t, values[i], expected[i], 1e-4, `seed ${seed}, output ${i}`);
  }
  assert.ok(anew >= 8, `${anew} graphs had something to compute anew`);
});

test.run();
