import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkpoint, grad, hvp, jvp } from '../../src/autodiff/index.ts';
import { reference } from '../../src/certify/reference.ts';
import { evaluate, makePlan, planBytes } from '../../src/compile/index.ts';
import { loadShaders } from '../../src/device/shader.ts';
import { type Tensor, topologicalOrder, tree } from '../../src/graph/index.ts';
import { input } from '../../src/graph/source.ts';
import {
  add,
  conv2d,
  matmul,
  mean,
  mul,
  sin,
  square,
  sum,
  tanh,
  toFloat,
  toInt,
} from '../../src/ops/index.ts';
import { Random } from '../../src/random.ts';
import { vmap } from '../../src/vmap/index.ts';
import { assertAgree, assertClose } from '../support/assert-close.ts';
import { leaf } from '../support/leaves.ts';
import { growGraph, randomLeaves } from '../support/random-graph.ts';
import { capabilities } from '../support/run-plan.ts';

const test = suite('checkpoint');
test.before(() => loadShaders());

type Wrap = typeof checkpoint;
const plain: Wrap = (f) => f;

const convolved = (x: Tensor, w: Tensor) => tanh(conv2d(x, w, { padding: 1 }));
/** The loss of layers one after another, in blocks of four. */
function chain(wrap: Wrap, x: Tensor, weights: readonly Tensor[]): Tensor {
  const block = wrap((h: Tensor, own: readonly Tensor[]) => own.reduce(convolved, h));
  let h = x;
  for (let at = 0; at < weights.length; at += 4) h = block(h, weights.slice(at, at + 4));
  return mean(square(h));
}

/** Asserts that two lists of tensors have the same values: in float64 to rounding, on the device to that of f32. */
async function assertSame(
  actual: readonly Tensor[],
  expected: readonly Tensor[],
  tolerance = 1e-5,
): Promise<void> {
  const exact = reference(expected);
  const [inDouble, onDevice] = [reference(actual), await evaluate(actual)];
  const largest = Math.max(...exact.flatMap((v) => Array.from(v, Math.abs)));
  for (const [i, node] of actual.entries()) {
    assert.equal(node.shape, expected[i].shape);
    assertClose(inDouble[i], exact[i], 1e-11, `${i}: ${node} in float64`, largest);
    assertClose(await onDevice[i].data(), exact[i], tolerance, `${i}: ${node} on the device`, largest);
  }
}

const placeholders = () => ({
  x: input(0, [8, 8, 32, 32], 'f32'),
  weights: Array.from({ length: 16 }, (_, i) => input(i + 1, [8, 8, 3, 3], 'f32')),
});
const plan = (outputs: readonly Tensor[]) => makePlan(outputs, 17, capabilities);

test('the gradient of 16 layers in 4 checkpoints takes little more than half the memory', () => {
  const { x, weights } = placeholders();
  const gradient = (wrap: Wrap) => {
    const loss = chain(wrap, x, weights);
    return plan([loss, ...grad(loss, weights)]);
  };
  const [kept, recomputed] = [gradient(plain), gradient(checkpoint)];
  const map = 4 * x.size;
  assert.ok(planBytes(kept) > 17 * map, 'every activation is kept without checkpoints');
  // The input, three borders, the four activations of one block, two to pull a cotangent back: and the weights.
  assert.ok(planBytes(recomputed) < 11 * map, `${planBytes(recomputed) / map} activations`);

  // What is done more is the forward pass of what was not kept, and nothing else: no copies.
  const forward = new Set(plan([chain(plain, x, weights)]).dispatches.map((d) => d.label));
  const count = (labels: string[]) =>
    labels.reduce((m, l) => m.set(l, (m.get(l) ?? 0) + 1), new Map<string, number>());
  const [before, after] = [kept, recomputed].map((p) => count(p.dispatches.map((d) => d.label)));
  for (const [label, n] of after)
    if (n > (before.get(label) ?? 0)) assert.ok(forward.has(label), `${label}: ${n} of ${before.get(label)}`);
});

test('second derivatives are recomputed too', () => {
  const { x, weights } = placeholders();
  const bytes = (wrap: Wrap) => planBytes(plan(hvp(chain(wrap, x, weights), weights, weights)));
  assert.ok(bytes(checkpoint) < 0.65 * bytes(plain), `${bytes(checkpoint) / bytes(plain)}`);
});

test('without derivatives the plan is the same', () => {
  const { x, weights } = placeholders();
  assert.equal(plan([chain(checkpoint, x, weights)]), plan([chain(plain, x, weights)]));
});

test('values, gradients and second derivatives are those of the function', async () => {
  const x = leaf(2, 3, 6, 5);
  const weights = Array.from({ length: 8 }, () => leaf(3, 3, 3, 3).mul(0.5));
  const v = weights.map((w) => leaf(...w.shape));
  const all = (wrap: Wrap) => {
    const loss = chain(wrap, x, weights);
    return [loss, ...grad(loss, [x, ...weights]), ...hvp(loss, weights, v), jvp(loss, weights, v)];
  };
  await assertSame(all(checkpoint), all(plain));
});

test('third derivatives, checkpoints in checkpoints, captured tensors, trees and integers', () => {
  const [w, c, x] = [leaf(3, 3), leaf(3), leaf(4, 3)];
  const all = (wrap: Wrap) => {
    const inner = wrap((h: Tensor) => tanh(add(matmul(h, w), c)));
    const outer = wrap(({ h, times }: { h: Tensor; times: number }) => {
      const deep = inner(inner(h)).mul(times);
      return { deep, rest: [sin(deep).mul(c), toInt(deep.mul(3))], name: 'outer' };
    });
    const { deep, rest, name } = outer({ h: x, times: 1.5 });
    assert.is(name, 'outer');
    const loss = sum(square(deep)).add(sum(mul(rest[0], toFloat(rest[1]))));
    const list = [w, c, x];
    const first = grad(loss, list);
    const second = grad(first.map((g) => sum(square(g))).reduce(add), list);
    return [loss, ...first, ...second, ...grad(second.map((g) => sum(sin(g))).reduce(add), list)];
  };
  const exact = reference(all(plain));
  const largest = Math.max(...exact.flatMap((v) => Array.from(v, Math.abs)));
  reference(all(checkpoint)).forEach((v, i) => {
    assertClose(v, exact[i], 1e-11, `${i}`, largest);
  });
});

test('random functions and their gradients', async () => {
  let checked = 0;
  for (let seed = 0; seed < 12; seed++) {
    const random = new Random(`checkpointed ${seed}`);
    const leaves = randomLeaves(random, 1 + random.int(4));
    const wanted = leaves.filter((t) => t.dtype === 'f32');
    const gradient = (wrap: Wrap) => {
      const grown = wrap((...args: Tensor[]) => growGraph(new Random(`body ${seed}`), args, 14))(...leaves);
      const [first, ...rest] = grown.filter((t) => t.dtype === 'f32').map((t) => sum(t.mul(t)));
      return first === undefined ? undefined : grad(rest.reduce(add, first), wanted);
    };
    const [expected, actual] = [gradient(plain), gradient(checkpoint)];
    if (expected === undefined || actual === undefined) continue;
    const exact = reference(expected);
    const computed = await evaluate(actual);
    for (const [i, node] of actual.entries())
      assertAgree(node, await computed[i].data(), exact[i], 1e-4, `seed ${seed}`);
    checked++;
  }
  assert.ok(checked > 8);
});

test('inner steps of MAML in checkpoints: the same meta-gradient in less memory', async () => {
  type Theta = { readonly w: Tensor[]; readonly out: Tensor };
  const net = (theta: Theta, x: Tensor) =>
    matmul(
      theta.w.reduce((h, w) => tanh(matmul(h, w)), x),
      theta.out,
    );
  const loss = (theta: Theta, x: Tensor, y: Tensor) => mean(square(net(theta, x).sub(y)));
  const metaGradient = (wrap: Wrap, steps: number, theta: Theta, x: Tensor, y: Tensor) => {
    const step = wrap((now: Theta) => tree.map((p, g) => p.sub(g.mul(0.1)), now, grad(loss(now, x, y), now)));
    let adapted = theta;
    for (let k = 0; k < steps; k++) adapted = step(adapted);
    const query = loss(adapted, x.mul(0.5), y);
    return [query, ...tree.leaves(grad(query, theta))];
  };
  const theta = { w: [leaf(3, 8), leaf(8, 8), leaf(8, 8)], out: leaf(8, 1) };
  const [x, y] = [leaf(10, 3), leaf(10, 1)];
  await assertSame(metaGradient(checkpoint, 2, theta, x, y), metaGradient(plain, 2, theta, x, y), 1e-4);

  const shapes = [
    [4, 64],
    [64, 64],
    [64, 64],
    [64, 1],
    [512, 4],
    [512, 1],
  ];
  const [w0, w1, w2, out, xs, ys] = shapes.map((shape, i) => input(i, shape, 'f32'));
  const bytes = (wrap: Wrap) =>
    planBytes(makePlan(metaGradient(wrap, 6, { w: [w0, w1, w2], out }, xs, ys), 6, capabilities));
  assert.ok(bytes(checkpoint) < 0.5 * bytes(plain), `${bytes(checkpoint) / bytes(plain)}`);
});

test('a batch of tasks recomputes too', async () => {
  const [xs, ws] = [leaf(3, 4, 5), leaf(3, 5, 5)];
  const shared = leaf(5, 5);
  const all = (wrap: Wrap) => {
    const f = wrap((x: Tensor, w: Tensor) => tanh(matmul(tanh(matmul(x, w)), shared)));
    const each = vmap(({ x, w }: { x: Tensor; w: Tensor }) => sum(square(f(f(x, w), w))));
    const loss = sum(square(each({ x: xs, w: ws })));
    const first = grad(loss, [ws, shared]);
    return [loss, ...first, ...grad(first.map((g) => sum(square(g))).reduce(add), [ws, shared])];
  };
  await assertSame(all(checkpoint), all(plain), 1e-4);
  assert.ok(topologicalOrder(all(checkpoint)).some((t) => t.op.name === 'recompute'));
});

test('what is not differentiated by is not pulled back to', () => {
  const [x, w] = [leaf(3, 4), leaf(4, 5)];
  const g = grad(sum(checkpoint((x: Tensor, w: Tensor) => square(matmul(x, w)))(x, w)), w);
  const labels = makePlan([g], 0, capabilities).dispatches.map((d) => d.label);
  assert.is(labels.filter((l) => l.includes('matmul')).length, 2, labels.join('; '));
});

test('what is recomputed counts as what it was when it was computed first', () => {
  const { x, weights } = placeholders();
  const orders = (wrap: Wrap) =>
    new Set(
      topologicalOrder(grad(chain(wrap, x, weights), weights))
        .filter((t) => t.op.name === 'conv2d')
        .map((t) => t.origin.order),
    );
  assert.equal([...orders(checkpoint)], [...orders(plain)]);
});

test.run();
