import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { reference } from '../../src/certify/reference.ts';
import { makePlan } from '../../src/compile/index.ts';
import { defaultDevice } from '../../src/device/default.ts';
import type { Plan } from '../../src/device/plan.ts';
import { bytesOf, iota, type Tensor, tensor, tree } from '../../src/graph/index.ts';
import { defaultModel, initModel, loss } from '../../src/medetection/index.ts';
import { adapt } from '../../src/meta/index.ts';
import { normal } from '../../src/nn/index.ts';
import * as ops from '../../src/ops/index.ts';
import { Random } from '../../src/random.ts';
import { vmap } from '../../src/vmap/index.ts';
import { assertAgree } from '../support/assert-close.ts';
import { growGraph, randomLeaves } from '../support/random-graph.ts';
import { planAndRun } from '../support/run-plan.ts';

/* A device is told to bind little, so that small values must be computed in parts. */

const device = await defaultDevice();
const test = suite('values larger than a binding');
const random = new Random('split');
const sample = (...shape: number[]): Tensor => normal(random, shape, 1);
/** A tensor that is large while nothing that it is made of is: arguments are never split. */
const large = (...shape: number[]): Tensor => {
  const rows = shape.map((n, d) => (d === 1 ? 1 : n));
  const columns = shape.map((n, d) => (d === 1 ? n : 1));
  return ops.tanh(ops.mul(sample(...rows), sample(...columns)));
};

/** The largest value that a plan makes or takes, in bytes. */
const largest = (plan: Plan): number =>
  Math.max(...plan.dispatches.flatMap((d) => d.shapes.map((shape) => bytesOf({ shape }))));

/** Runs an expression whole and with small bindings, and compares. @returns the plan in parts */
async function compare(
  outputs: readonly Tensor[],
  limit: number,
  what: string,
  tolerance = 2e-5,
): Promise<Plan> {
  const whole = await planAndRun(outputs, device);
  const parts = await planAndRun(outputs, device, { maxBindingBytes: limit });
  assert.ok(largest(whole.plan) > limit, `${what}: nothing to split`);
  assert.ok(largest(parts.plan) <= limit, `${what}: ${largest(parts.plan)} bytes bound`);
  for (const [i, node] of outputs.entries())
    assertAgree(node, parts.values[i], Float64Array.from(whole.values[i]), tolerance, `${what}, output ${i}`);
  return parts.plan;
}

/** x, stored: read twice, by loops over other domains, and too much to compute twice. */
const stored = (x: Tensor): Tensor => {
  let y = x;
  for (let i = 0; i < 7; i++) y = ops.tanh(ops.add(ops.mul(y, 1.1), 0.1));
  return y;
};
/** Something small of y and of its rows turned around. */
const small = (y: Tensor): Tensor[] => [ops.sum(y), ops.mean(ops.square(y), 0)];

test('elementwise, broadcasts, and sums and maxima over the rows or others', async () => {
  const y = stored(large(6, 4, 10));
  await compare(
    [ops.sum(y), ops.sum(y, 0), ops.max(y, 0), ops.max(y), ops.sum(y, [1, 2]), ops.mean(y, 1), ops.max(y, 2)],
    400,
    'reductions',
  );
  await compare(small(stored(ops.add(ops.toFloat(iota([6, 40], 0)), sample(1, 40)))), 400, 'counting rows');
});

test('movement', async () => {
  const y = stored(large(6, 4, 10));
  const views: Record<string, (t: Tensor) => Tensor> = {
    'reshape behind the rows': (t) => ops.reshape(t, [6, 40]),
    'reshape that multiplies rows': (t) => ops.reshape(t, [24, 10]),
    'reshape that joins rows': (t) => ops.reshape(t, [3, 80]),
    flat: (t) => ops.reshape(t, [-1]),
    'permute behind the rows': (t) => ops.permute(t, [0, 2, 1]),
    'permute of the rows': (t) => ops.permute(t, [2, 0, 1]),
    'flip of all axes': (t) => ops.flip(t, [0, 1, 2]),
    'flip behind the rows': (t) => ops.flip(t, [1]),
    'halves apart': (t) => ops.sub(ops.slice(t, [0], [3]), ops.slice(t, [3], [6])),
    'a slice across parts': (t) => ops.slice(t, [1, 0, 2], [5, 4, 9]),
    pad: (t) => ops.pad(t, [2, 1, 0], [3, 0, 2]),
    concat: (t) => ops.concat([t, ops.mul(t, 2), ops.slice(t, [2], [3])], 0),
    'concat behind the rows': (t) => ops.concat([t, ops.mul(t, 2)], 2),
    expand: (t) => ops.broadcastTo(ops.reshape(t, [6, 1, 40]), [6, 2, 40]),
    'a new leading axis': (t) => ops.broadcastTo(ops.reshape(t, [6, 4, 10, 1]), [6, 4, 10, 2]),
    'stop of the gradient': ops.stopGradient,
  };
  for (const [name, f] of Object.entries(views)) {
    await compare(small(f(y)), 420, name);
    await compare(small(stored(f(y))), 420, `${name}, stored`);
  }
});

test('convolution, pooling, upsampling, batch norm and products, with first and second derivatives', async () => {
  const images = large(16, 3, 16, 16);
  const weight = sample(4, 3, 3, 3).mul(0.3);
  const [gamma, beta] = [sample(4), sample(4)];
  const layers: Record<string, (x: Tensor, w: Tensor) => Tensor> = {
    convolution: (x, w) => ops.conv2d(x, w, { padding: 1 }),
    'convolution with stride': (x, w) => ops.conv2d(x, w, { padding: 1, stride: 2 }),
    'max pooling': (x, w) => ops.maxPool2d(ops.conv2d(x, w, { padding: 1 }), 2),
    'average pooling': (x, w) => ops.avgPool2d(ops.conv2d(x, w, { padding: 1 }), 2),
    'pooling that overlaps': (x, w) =>
      ops.maxPool2d(ops.conv2d(x, w, { padding: 1 }), 3, { stride: 2, padding: 1 }),
    upsampling: (x, w) => ops.upsampleNearest(ops.conv2d(x, w), [19, 21]),
    'batch norm': (x, w) => ops.batchNorm(ops.conv2d(x, w, { padding: 1 }), gamma, beta),
    'a stack of products': (x, w) =>
      ops.matmul(ops.reshape(ops.conv2d(x, w, { padding: 1 }), [16, 4, 256]), sample(256, 5).mul(0.1)),
  };
  for (const [name, f] of Object.entries(layers)) {
    const value = ops.mean(ops.square(ops.tanh(f(images, weight))));
    const first = grad(value, { images, weight });
    const second = grad(ops.sum(ops.square(first.weight)), { images, weight });
    const outputs = [value, first.weight, second.weight, ...[first, second].map((g) => ops.sum(g.images, 0))];
    await compare(outputs, 30_000, name, 2e-4);
  }
});

test('tasks with weights of their own', async () => {
  const f = vmap(({ x, w }: { x: Tensor; w: Tensor }) => {
    const value = (weight: Tensor) =>
      ops.mean(ops.square(ops.maxPool2d(ops.tanh(ops.conv2d(x, weight, { padding: 1 })), 2)));
    return { value: value(w), gradient: grad(value(w), w) };
  });
  const { value, gradient } = f({ x: large(2, 4, 3, 16, 16), w: sample(2, 4, 3, 3, 3).mul(0.3) });
  await compare([value, gradient], 20_000, 'one task in each part', 1e-4);
});

test('random graphs against float64', async () => {
  let inParts = 0;
  for (let seed = 600; seed < 650; seed++) {
    const graph = new Random(`graph ${seed}`);
    const leaves = randomLeaves(graph, 1 + graph.int(4));
    const outputs = growGraph(graph, leaves, 6 + graph.int(14)).map((t) => ops.max(t));
    const whole = makePlan(outputs, 0, device.capabilities);
    const limit = Math.max(0.7 * largest(whole), ...leaves.map(bytesOf));
    let run: Awaited<ReturnType<typeof planAndRun>>;
    try {
      run = await planAndRun(outputs, device, { maxBindingBytes: limit });
    } catch (error) {
      assert.match((error as Error).message, /^plan: .* cannot be computed in parts/, `seed ${seed}`);
      continue;
    }
    if (largest(whole) > limit) inParts++;
    assert.ok(largest(run.plan) <= limit, `seed ${seed}`);
    const expected = reference(outputs);
    for (const [i, node] of outputs.entries())
      assertAgree(node, run.values[i], expected[i], 1e-4, `seed ${seed}, output ${i}`);
  }
  assert.ok(inParts >= 8, `${inParts} graphs were computed in parts`);
});

const model = { ...defaultModel, size: 32, width: 4 };
/** The gradient of a meta-step of MeDetection by all initial parameters. */
function metaStep(): Tensor[] {
  const draw = new Random('meta-step');
  const params = initModel(model, draw);
  const pairs = (n: number) => ({
    image: normal(draw, [n, 3, 32, 32], 1),
    reference: normal(draw, [n, 3, 32, 32], 1),
    label: tensor(Float32Array.from({ length: n }, (_, i) => i % 2)),
  });
  const { theta } = adapt(loss(model), params, pairs(6), { rate: 0.05, steps: 2 });
  const query = loss(model)(theta, pairs(4));
  const gradient = tree.leaves(grad(query, params)).map((g) => ops.reshape(g, [-1]));
  return [query, ops.concat(gradient, 0)];
}

test('a whole second-order meta-step, to the same bits in every run', async () => {
  const outputs = metaStep();
  // The images fit, what the first block makes of them and the second's differences do not.
  const plan = await compare(outputs, 12 * 3 * 32 * 32 * 4, 'a meta-step', 2e-3);
  const limits = { maxBindingBytes: 12 * 3 * 32 * 32 * 4 };
  const [a, b] = [await planAndRun(outputs, device, limits), await planAndRun(outputs, device, limits)];
  assert.equal(a.values, b.values);
  assert.equal(a.plan.dispatches.length, plan.dispatches.length);
});

test('a plan without a large value is what it was', () => {
  const [y] = metaStep();
  const plan = makePlan([y], 0, device.capabilities);
  const limit = Math.max(largest(plan), 6 * 3 * 32 * 32 * 4);
  assert.equal(makePlan([y], 0, { ...device.capabilities, maxBindingBytes: limit }), plan);
});

test('what cannot be computed in parts is named', () => {
  const limits = { ...device.capabilities, maxBindingBytes: 2 ** 13 };
  const refused = (t: Tensor, name: string) =>
    assert.throws(
      () => makePlan([t], 0, limits),
      new RegExp(
        `plan: Tensor\\(${name}\\) takes 0\\.0 MiB, but this device binds at most 0\\.0 MiB at once, and it cannot`,
      ),
    );
  const x = large(64, 64);
  refused(ops.sum(ops.matmul(x, x)), 'matmulTiled, f32\\[1,64,64\\]');
  refused(stored(x), 'tanh, f32\\[64,64\\]');
  refused(ops.sum(sample(64, 64)), 'host, f32\\[64,64\\]');
});

test.run();
