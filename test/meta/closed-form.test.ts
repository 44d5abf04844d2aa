import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { compile, evaluate } from '../../src/compile/index.ts';
import { type Tensor, tensor, topologicalOrder, tree } from '../../src/graph/index.ts';
import { adapt, type InnerLoop, metaLoss, queryLosses, type TaskData } from '../../src/meta/index.ts';
import { add, matmul, mean, square, stopGradient, sub, sum } from '../../src/ops/index.ts';
import { assertClose } from '../support/assert-close.ts';

const test = suite('MAML in closed form');

/** Quadratic tasks: L(t) = scale (t - centre)^2 / 2. */
interface Bowl {
  readonly scale: number;
  readonly centre: number;
}
const bowl = (t: Tensor, { scale, centre }: Bowl): Tensor => square(sub(t, centre)).mul(scale / 2);
const [a, c, b, d, alpha, start] = [1.5, 0.75, 0.8, -1.25, 0.2, 2];
const task: TaskData<Bowl> = { support: { scale: a, centre: c }, query: { scale: b, centre: d } };

for (const steps of [1, 2, 3, 4, 5])
  test(`${steps} steps on quadratic tasks: meta-gradient b (t_K - d) (1 - alpha a)^K, to first order without the power`, async () => {
    const theta = tensor(start);
    const contraction = (1 - alpha * a) ** steps;
    const last = c + (start - c) * contraction;
    const gradient = (order: 1 | 2) =>
      grad(metaLoss(bowl, theta, [task], { rate: alpha, steps, order }), theta);
    const adapted = adapt(bowl, theta, task.support, { rate: alpha, steps });
    const got = await evaluate([adapted.theta, gradient(2), gradient(1), ...adapted.losses]);
    const [t, second, first, ...losses] = await Promise.all(got.map((x) => x.item()));
    assertClose([t], [last], 1e-6, 'adapted parameter');
    assertClose([second], [b * (last - d) * contraction], 1e-6, 'second order');
    assertClose([first], [b * (last - d)], 1e-6, 'first order');
    const expected = Array.from(
      { length: steps },
      (_, k) => (a / 2) * ((start - c) * (1 - alpha * a) ** k) ** 2,
    );
    assertClose(losses, expected, 1e-6, 'support loss before each step');
  });

test('the case of JAX: adapt x by y on g(x, y) = x^2 + y at (2, 1)', async () => {
  // JAX's MAML notebook takes g = x^2 + y, differentiates x only, x' = x - 1 g_x = 2 - 4 = -2, and gets g(x', y) = 5.
  // Meta-gradient by x: g_x(x') dx'/dx = 2 (-2) (1 - 2) = 4; with dx'/dx taken as 1 (first order): -4.
  const g = ({ x }: { x: Tensor }, y: Tensor): Tensor => add(square(x), y);
  const point = { x: tensor(2) };
  const y = tensor(1);
  const notebook: TaskData<Tensor> = { support: y, query: y };
  for (const [order, expected] of [
    [2, 4],
    [1, -4],
  ] as const) {
    const loss = metaLoss(g, point, [notebook], { rate: 1, order });
    assert.equal(
      await Promise.all([loss.item(), grad(loss, point).x.item()]),
      [5, expected],
      `order ${order}`,
    );
  }
});

/** A two-layer linear model: the Hessian mixes its layers. */
type Net = { readonly body: Tensor; readonly head: Tensor };
type Data = { readonly x: Tensor; readonly y: Tensor };
const netLoss = ({ body, head }: Net, { x, y }: Data): Tensor =>
  mean(square(sub(matmul(matmul(x, body).tanh(), head), y)));
const matrix = (rows: number, columns: number, seed: number): Tensor =>
  tensor(
    Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(1.7 * i + seed)),
    [rows, columns],
  );
const net: Net = { body: matrix(3, 4, 0.1), head: matrix(4, 1, 0.2) };
const data = (seed: number): Data => ({ x: matrix(6, 3, seed), y: matrix(6, 1, seed + 0.5) });
const tasks = [1, 2, 3].map((i) => ({ support: data(i), query: data(10 + i) }));
const inner: InnerLoop = { rate: 0.1 };

test('first order drops exactly the second-order term', async () => {
  // After one step the meta-gradient is (I - alpha H) v with v = grad L_q(theta') and H the support loss's Hessian.
  const [one] = tasks;
  const theta2 = adapt(netLoss, net, one.support, inner).theta;
  const v = grad(netLoss(theta2, one.query), theta2);
  const along = tree.leaves(
    tree.map((g, u) => sum(g.mul(u)), grad(netLoss(net, one.support), net), tree.map(stopGradient, v)),
  );
  const hv = grad(along.reduce(add), net);
  const second = grad(metaLoss(netLoss, net, [one], inner), net);
  const first = grad(metaLoss(netLoss, net, [one], { ...inner, order: 1 }), net);
  const flat = async (t: Net) => {
    const [m, n] = await evaluate([t.body, t.head]);
    return [...(await m.data()), ...(await n.data())];
  };
  const [gotSecond, gotFirst, gotV, gotHv] = await Promise.all([second, first, v, hv].map(flat));
  assertClose(gotFirst, gotV, 1e-6, 'first order is v');
  assertClose(
    gotSecond,
    gotV.map((x, i) => x - 0.1 * gotHv[i]),
    2e-6,
    'second order is v - alpha H v',
  );
  assert.ok(gotHv.some((x) => Math.abs(x) > 0.01));
});

test('ANIL adapts the head only, and its meta-gradient still reaches the body', async () => {
  const anil: InnerLoop = { rate: 0.1, steps: 2, adapts: (path) => path === 'head' };
  const { theta } = adapt(netLoss, net, tasks[0].support, anil);
  assert.is(theta.body, net.body);
  assert.is.not(theta.head, net.head);
  const full = adapt(netLoss, net, tasks[0].support, { ...anil, adapts: undefined }).theta;
  assert.is.not(full.body, net.body);
  const g = grad(metaLoss(netLoss, net, tasks, anil), net);
  assert.ok((await g.body.data()).some((x) => Math.abs(x) > 1e-3));
});

test('the meta-loss is the mean of the query losses, each after adaptation to its own support set', async () => {
  const losses = await Promise.all(queryLosses(netLoss, net, tasks, inner).map((t) => t.item()));
  const alone = await Promise.all(
    tasks.map((t) => netLoss(adapt(netLoss, net, t.support, inner).theta, t.query).item()),
  );
  assertClose(losses, alone, 1e-6, 'losses');
  const total = await metaLoss(netLoss, net, tasks, inner).item();
  assertClose([total], [losses.reduce((x, y) => x + y) / 3], 1e-6, 'mean');
});

test('the inner rate can be an input, and meta-learned', async () => {
  const rateGradient = compile((p: Net, rate: Tensor) => grad(metaLoss(netLoss, p, tasks, { rate }), rate));
  const lossAt = compile((p: Net, rate: Tensor) => metaLoss(netLoss, p, tasks, { rate }));
  const h = 0.02;
  const slope =
    ((await (await lossAt(net, 0.1 + h)).item()) - (await (await lossAt(net, 0.1 - h)).item())) / (2 * h);
  // Differences of f32 losses over a step of 0.02: rounding 1e-7 / 0.04 and a curvature term of h^2.
  assertClose([await (await rateGradient(net, 0.1)).item()], [slope], 1e-2, 'd meta-loss / d rate');
});

test('to first order no second derivative is in the graph', () => {
  const size = (order: 1 | 2) => {
    const g = grad(metaLoss(netLoss, net, tasks, { ...inner, order }), net);
    return topologicalOrder([g.body, g.head]).length;
  };
  assert.ok(size(1) < 0.75 * size(2), `${size(1)} nodes against ${size(2)}`);
});

test('what makes no inner loop is refused, by name', () => {
  const attempt = (options: object) => () =>
    adapt(netLoss, net, tasks[0].support, { ...inner, ...options } as InnerLoop);
  for (const steps of [0, -1, 1.5, Number.NaN])
    assert.throws(attempt({ steps }), new RegExp(`adapt: steps ${steps} must`));
  for (const order of [0, 3, '2'])
    assert.throws(attempt({ order }), new RegExp(`adapt: order ${order} must`));
  assert.throws(attempt({ adapts: (path: string) => path === 'tail' }), /none of the parameters body, head/);
  assert.throws(() => metaLoss(netLoss, net, [], inner), /metaLoss: needs at least one task/);
});

test.run();
