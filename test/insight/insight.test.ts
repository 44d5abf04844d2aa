import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import { input } from '../../src/graph/source.ts';
import {
  curvatures,
  gradientCosines,
  graphSize,
  type Inspected,
  innerCurve,
  inspect,
  inspectionPlots,
  updateNorms,
} from '../../src/insight/index.ts';
import { conv2d, matmul, sum } from '../../src/ops/index.ts';
import { assertClose } from '../support/assert-close.ts';
import { capabilities } from '../support/run-plan.ts';

/* Inspections against closed forms. */

const test = suite('insight');

type Params = { a: Tensor; b: Tensor };
/** L(theta, x) = sum of h (theta - x)^2 / 2, with Hessian diag(h). */
const H = { a: [1, 4], b: [2] };
const A = [1, -2];
const B = 3;
const quadratic = (theta: Params, { a, b }: Params): Tensor =>
  sum(theta.a.sub(a).square().mul(tensor(H.a)))
    .add(sum(theta.b.sub(b).square().mul(H.b[0])))
    .div(2);
const data = (x: number): Params => ({ a: tensor([x, x]), b: tensor([x]) });
const inspected = (rate: number): Inspected<Params, Params> => ({
  loss: quadratic,
  theta: { a: tensor(A), b: tensor([B]) },
  task: { support: data(0), query: data(1) },
  inner: { rate },
});
const flat = [
  [A[0], H.a[0]],
  [A[1], H.a[1]],
  [B, H.b[0]],
];

test('the curve of a quadratic: every coordinate shrinks by 1 - alpha h', async () => {
  const rate = 0.1;
  const { support, query } = await innerCurve(inspected(rate), 6);
  const after = (k: number, target: number) =>
    flat.reduce((n, [t, h]) => n + (h * (t * (1 - rate * h) ** k - target) ** 2) / 2, 0);
  const steps = [0, 1, 2, 3, 4, 5, 6];
  assertClose(
    support,
    steps.map((k) => after(k, 0)),
    1e-6,
    'support',
  );
  assertClose(
    query,
    steps.map((k) => after(k, 1)),
    1e-6,
    'query',
  );
});

test('beyond alpha = 2 / lambda_max the support loss explodes, below it falls', async () => {
  const along = async (rate: number) => (await innerCurve(inspected(rate), 40)).support;
  const [below, beyond] = [await along(0.49), await along(0.51)];
  assert.ok(
    below.every((value, k) => k === 0 || value < below[k - 1]),
    String(below),
  );
  assert.ok(beyond[40] > beyond[0] && beyond[40] > beyond[20], String(beyond));
});

test('norms of updates, tensor by tensor', async () => {
  const rate = 0.1;
  const [a, b] = await updateNorms(inspected(rate), 3);
  assert.equal([a.path, b.path], ['a', 'b']);
  const moves = (t: number, h: number, k: number) => rate * h * t * (1 - rate * h) ** k;
  const norm = (k: number) => Math.hypot(moves(A[0], H.a[0], k), moves(A[1], H.a[1], k));
  assertClose(a.norms, [0, 1, 2].map(norm), 1e-6, 'a');
  assertClose(
    b.norms,
    [0, 1, 2].map((k) => Math.abs(moves(B, H.b[0], k))),
    1e-6,
    'b',
  );
});

test('meta-gradients of a quadratic: the second order multiplies by 1 - alpha h', async () => {
  const rate = 0.2;
  const [a, b, all] = await gradientCosines(inspected(rate));
  const first = flat.map(([t, h]) => h * (t * (1 - rate * h) - 1));
  const second = flat.map(([, h], i) => (1 - rate * h) * first[i]);
  const compare = (from: number, to: number) => {
    const [f, s] = [first.slice(from, to), second.slice(from, to)];
    const dot = f.reduce((n, x, i) => n + x * s[i], 0);
    return [Math.hypot(...f), Math.hypot(...s), dot / (Math.hypot(...f) * Math.hypot(...s))];
  };
  for (const [found, from, to] of [
    [a, 0, 2],
    [b, 2, 3],
    [all, 0, 3],
  ] as const)
    assertClose([found.firstOrder, found.secondOrder, found.cosine], compare(from, to), 1e-5, found.path);
  assert.is(all.path, 'all');
  // One number: the same direction, but for its sign, whatever the length.
  assert.ok(Math.abs(b.cosine - 1) < 1e-6 && b.secondOrder < 0.7 * b.firstOrder);
});

test('where the support loss has no curvature both meta-gradients are one', async () => {
  const linear = {
    ...inspected(0.3),
    loss: (theta: Params, x: Params) => sum(theta.a.mul(x.a)).add(sum(theta.b.mul(x.b))),
  };
  const task = { support: data(2), query: data(1) };
  for (const { cosine, firstOrder, secondOrder, path } of await gradientCosines({ ...linear, task })) {
    assert.ok(Math.abs(cosine - 1) < 1e-6, `${path}: ${cosine}`);
    assert.is(firstOrder, secondOrder);
  }
});

const at = (...values: number[]) => ({ x: tensor(values) });
/** x^T M x / 2. */
const form =
  (m: number[][]) =>
  ({ x }: { x: Tensor }) =>
    sum(matmul(x.reshape([1, -1]), matmul(tensor(m), x.reshape([-1, 1])))).div(2);

test('the largest curvature of quadratic forms', async () => {
  for (const [m, expected] of [
    [
      [
        [2, 1],
        [1, 2],
      ],
      3,
    ],
    [
      [
        [1, 0],
        [0, 0.2],
      ],
      1,
    ],
    // The strongest is negative, the largest is not.
    [
      [
        [-5, 0, 0],
        [0, 2, 0],
        [0, 0, 1],
      ],
      2,
    ],
    [
      [
        [-3, 0],
        [0, -1],
      ],
      -1,
    ],
  ] as const) {
    const matrix = m.map((row) => [...row]);
    const [{ largest, residual, iterations, converged }] = await curvatures(
      form(matrix),
      [at(...matrix.map(() => 1))],
      {
        tolerance: 1e-4,
      },
    );
    assert.ok(converged && iterations > 1 && residual < 1e-3, `${iterations}, ${residual}`);
    assert.ok(Math.abs(largest - expected) < 1e-3, `${largest}, not ${expected}`);
  }
});

test('curvature at several points, of what adapts, and where there is none', async () => {
  const quartic = ({ x }: { x: Tensor }) => sum(x.square().square());
  const found = await curvatures(quartic, [at(1, 0.5), at(2, 0.5), at(0, 0)]);
  assertClose(
    found.map((c) => c.largest),
    [12, 48, 0],
    1e-4,
    'quartic',
  );
  assert.ok(found.every((c) => c.converged));
  const [ofB] = await curvatures((theta: Params) => quadratic(theta, data(0)), [inspected(0).theta], {
    adapts: (path) => path === 'b',
  });
  assert.ok(Math.abs(ofB.largest - H.b[0]) < 1e-4, String(ofB.largest));
});

test('power iteration that is cut short says so', async () => {
  const [{ converged, iterations }] = await curvatures(
    form([
      [1, 0],
      [0, 0.99],
    ]),
    [at(1, 1)],
    {
      iterations: 2,
      tolerance: 1e-6,
    },
  );
  assert.not(converged);
  assert.is(iterations, 2);
});

test('the size of a small graph, counted by hand', async () => {
  const x = input(0, [2, 3, 8, 8], 'f32');
  const w = input(1, [4, 3, 3, 3], 'f32');
  const y = conv2d(x, w, { padding: 1 });
  const convolution = 2 * 2 * 4 * 3 * 9 * 8 * 8;
  const [forward, ...others] = await graphSize([y], capabilities);
  assert.equal(others, []);
  assert.is(forward.origin, 'forward');
  assert.is(forward.nodes, 1);
  assert.ok(forward.dispatches >= 1 && forward.dispatches <= 2);
  assert.is(forward.flops, convolution);

  const loss = sum(y.mul(input(2, y.shape, 'f32')));
  const parts = await graphSize([grad(loss, x)], capabilities);
  const gradient = parts.find(({ origin }) => origin === 'outer gradient');
  assert.is(gradient?.flops, convolution);
});

test('inspect puts it all together, and its plots are drawn', async () => {
  const rate = 0.1;
  const inspection = await inspect(inspected(rate), { steps: 4 });
  assert.equal([inspection.trainedSteps, inspection.rate], [1, rate]);
  assert.is(inspection.curve.support.length, 5);
  assert.equal(
    inspection.updates.map(({ norms }) => norms.length),
    [4, 4],
  );
  assert.equal(
    inspection.gradients.map(({ path }) => path),
    ['a', 'b', 'all'],
  );
  assertClose(
    inspection.curvatures.map((c) => c.largest),
    [4, 4],
    1e-3,
    'curvature',
  );
  assert.ok(inspection.size.some(({ origin }) => origin === 'second-order terms'));
  const plots = Object.entries(await inspectionPlots(inspection));
  assert.is(plots.length, 5);
  for (const [name, svg] of plots) assert.match(svg, /^<svg .*<\/svg>$/s, name);
});

test("curvature along the inner loop is that of each step's own loss", async () => {
  const { theta, task } = inspected(0);
  const steeper = (p: Params, x: Params, step: number) => quadratic(p, x).mul(step + 1);
  const { curvatures: found } = await inspect(
    { loss: steeper, theta, task, inner: { rate: 0.01, steps: 2 } },
    { steps: 2 },
  );
  assertClose(
    found.map((c) => c.largest),
    [4, 8, 12],
    1e-2,
    'curvature',
  );
});

test.run();
