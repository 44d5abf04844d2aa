import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { compile, evaluate } from '../../src/compile/index.ts';
import { type Tensor, tensor, topologicalOrder, tree } from '../../src/graph/index.ts';
import {
  adapt,
  annealedOrder,
  atStep,
  initMetaSgd,
  initStepRates,
  type Loss,
  metaLoss,
  metaSgd,
  movedStatistics,
  multiStepLoss,
  multiStepWeights,
  perStep,
  statisticsAlong,
  stepRates,
} from '../../src/meta/index.ts';
import { byBatch, byStatistics, type Normalise, type Statistics } from '../../src/nn/index.ts';
import { add, mean, sum } from '../../src/ops/index.ts';
import { cosine } from '../../src/optim/index.ts';
import { assertClose } from '../support/assert-close.ts';

const test = suite('Meta-SGD and MAML++');

type Two = { readonly a: Tensor; readonly b: Tensor };
/** Both tensors meet in one loss: (a b - y)^2 / 2 for a scalar y. */
const product: Loss<Two, number> = ({ a, b }, y) => a.mul(b).sub(y).square().div(2);
const product64 = (a: number, b: number, y: number) => (a * b - y) ** 2 / 2;
const theta: Two = { a: tensor(1.3), b: tensor(0.7) };
const task = { support: 2, query: 1.4 };

const values = async (t: Tensor): Promise<number[]> => [...(await t.data())];

test('Meta-SGD: the gradient by alpha is minus the product of query and support gradient, element by element', async () => {
  // theta' = theta - alpha o g_s, so dL_q/dalpha = dL_q/dtheta' o (-g_s).
  const start = { w: tensor([0.5, -1.5, 2, 0.1]) };
  const loss: Loss<typeof start, number[]> = ({ w }, c) => sum(w.sub(tensor(c)).pow(4)).div(4);
  const [s, q] = [
    [1, 0.2, 0.9, -0.4],
    [0, -1, 1.5, 0.8],
  ];
  const alpha = tree.map((r) => r.mul(tensor([1, 2, 3, 0.5])), initMetaSgd(start, 0.1));
  const meta = metaLoss(loss, start, [{ support: s, query: q }], { rate: metaSgd(alpha) });
  const got = await values(grad(meta, alpha).w);
  const w = [0.5, -1.5, 2, 0.1];
  const rates = [0.1, 0.2, 0.3, 0.05];
  const expected = w.map((x, i) => {
    const support = (x - s[i]) ** 3;
    return -support * (x - rates[i] * support - q[i]) ** 3;
  });
  assertClose(got, expected, 1e-6, 'd meta-loss / d alpha');
});

test('Meta-SGD with equal rates is MAML, and learns rates that MAML cannot have', async () => {
  const start = { w: tensor([1, 1]) };
  const loss: Loss<typeof start, number> = ({ w }, c) =>
    sum(
      w
        .sub(c)
        .square()
        .mul(tensor([1, 10])),
    ).div(2);
  const equal = adapt(loss, start, 0, { rate: metaSgd(initMetaSgd(start, 0.05)), steps: 3 }).theta.w;
  const maml = adapt(loss, start, 0, { rate: 0.05, steps: 3 }).theta.w;
  assert.equal(await values(equal), await values(maml));
  // Curvatures 1 and 10: with rates 1 and 0.1 one step solves the task whole; outer descent on alpha alone finds them.
  const step = compile((alpha: typeof start, rate: Tensor) => {
    const meta = metaLoss(loss, start, [{ support: 0, query: 0 }], { rate: metaSgd(alpha) });
    const g = grad(meta, alpha).w;
    return { w: alpha.w.sub(g.mul(rate)) };
  });
  let alpha = initMetaSgd(start, 0.05);
  for (let i = 0; i < 100; i++) alpha = await step(alpha, tensor([0.5, 5e-4]));
  assertClose(await values(alpha.w), [1, 0.1], 1e-3, 'learned rates');
});

test("LSLR: gradients by every tensor's rate of every step, against differences in float64", async () => {
  const steps = 3;
  const rates64 = { a: [0.1, 0.2, 0.15], b: [0.3, 0.05, 0.1] };
  const after = (rates: typeof rates64) => {
    let [a, b] = [1.3, 0.7];
    for (let k = 0; k < steps; k++) {
      const miss = a * b - task.support;
      [a, b] = [a - rates.a[k] * miss * b, b - rates.b[k] * miss * a];
    }
    return product64(a, b, task.query);
  };
  const alpha: Two = { a: tensor(rates64.a), b: tensor(rates64.b) };
  assert.equal(
    tree.leaves(initStepRates(theta, steps, 0.1)).map((t) => t.shape),
    [[3], [3]],
  );
  const meta = metaLoss(product, theta, [task], { rate: stepRates(alpha), steps });
  assertClose([await meta.item()], [after(rates64)], 2e-6, 'meta-loss');
  const gradient = grad(meta, alpha);
  for (const name of ['a', 'b'] as const) {
    const expected = rates64[name].map((_, k) => {
      const moved = (h: number) =>
        after({ ...rates64, [name]: rates64[name].map((r, i) => (i === k ? r + h : r)) });
      return (moved(1e-5) - moved(-1e-5)) / 2e-5;
    });
    assertClose(await values(gradient[name]), expected, 5e-6, `d meta-loss / d rate of ${name}`);
  }
});

test('the multi-step loss is the weighted sum of the query losses after every step, and so is its gradient', async () => {
  const inner = { rate: 0.2, steps: 3 };
  const weights = [0.5, 0.2, 0.3];
  const each = [1, 2, 3].map((steps) => metaLoss(product, theta, [task], { ...inner, steps }));
  const weighted = multiStepLoss(product, adapt(product, theta, task.support, inner), task.query, weights);
  const got = await evaluate([weighted, grad(weighted, theta).a]);
  const parts = await evaluate([...each, ...each.map((loss) => grad(loss, theta).a)]);
  const numbers = await Promise.all(parts.map((t) => t.item()));
  const total = (from: number) => weights.reduce((s, w, k) => s + w * numbers[from + k], 0);
  assertClose([await got[0].item()], [total(0)], 1e-6, 'loss');
  assertClose([await got[1].item()], [total(3)], 1e-6, 'gradient');
});

test('the weights of the multi-step loss go from equal to the last step alone, and always add up to 1', () => {
  assert.equal(multiStepWeights(4, 0), [0.25, 0.25, 0.25, 0.25]);
  assert.equal(multiStepWeights(4, 0.5), [0.125, 0.125, 0.125, 0.625]);
  assert.equal(multiStepWeights(4, 1), [0, 0, 0, 1]);
  assert.equal(multiStepWeights(4, 7), [0, 0, 0, 1]);
  assert.equal(multiStepWeights(1, 0.3), [1]);
});

test('derivative-order annealing changes the graph that is differentiated, at its epoch', async () => {
  assert.equal(
    [0, 1, 2, 3].map((epoch) => annealedOrder(epoch, 2)),
    [1, 1, 2, 2],
  );
  const gradients = [1, 2].map((epoch) =>
    grad(metaLoss(product, theta, [task], { rate: 0.2, order: annealedOrder(epoch, 2) }), theta),
  );
  const [first, second] = gradients.map(({ a, b }) => topologicalOrder([a, b]).length);
  assert.ok(first < second, `${first} nodes to first order, ${second} to second`);
  // By hand, with m = ab - y: v = grad L_q(theta'); to first order v_a, to second v_a - 0.2 (H v)_a, H = [[bb, m + ab], ..].
  const [a, b, m] = [1.3, 0.7, 1.3 * 0.7 - 2];
  const [a1, b1] = [a - 0.2 * m * b, b - 0.2 * m * a];
  const miss = a1 * b1 - 1.4;
  const [va, vb] = [miss * b1, miss * a1];
  const got = await Promise.all(gradients.map((g) => g.a.item()));
  assertClose(got, [va, va - 0.2 * (b * b * va + (m + a * b) * vb)], 1e-6, 'meta-gradients by a');
});

test('per-step parameters: every step reads its own row, and only that row has its derivative', async () => {
  // L_k = c_k t^2 / 2 with the per-step parameter c: theta' = t (1 - alpha c_0) (1 - alpha c_1), L_q = c_2 theta'^2 / 2.
  type Scaled = { readonly t: Tensor; readonly c: Tensor };
  const chosen = (path: string) => path === 'c';
  const loss: Loss<Scaled, null> = (all, _data, step) => {
    const { t, c } = atStep(all, step, chosen);
    return t.square().mul(c).div(2);
  };
  const stacked = perStep({ t: tensor(2), c: tensor(1) }, 2, chosen);
  assert.equal(stacked.c.shape, [3]);
  assert.equal(await values(stacked.c), [1, 1, 1]);
  const start: Scaled = { t: tensor(2), c: tensor([1, 0.5, 3]) };
  const inner = { rate: 0.3, steps: 2, adapts: (path: string) => path === 't' };
  const meta = metaLoss(loss, start, [{ support: null, query: null }], inner);
  const [u0, u1] = [1 - 0.3 * 1, 1 - 0.3 * 0.5];
  const led = 2 * u0 * u1;
  assertClose([await meta.item()], [(3 * led ** 2) / 2], 1e-6, 'meta-loss');
  const gradient = await values(grad(meta, start).c);
  assertClose(
    gradient,
    [3 * led * 2 * -0.3 * u1, 3 * led * 2 * u0 * -0.3, led ** 2 / 2],
    1e-6,
    'gradient by every row',
  );
});

test('per-step statistics: each step keeps the mean and variance of what it saw, and no other', async () => {
  // A network whose normalisation sees x t_k at step k: the statistics of step k are those of x times t_k and t_k^2.
  type Net = { readonly t: Tensor };
  const channels = { gamma: tensor([1]), beta: tensor([0]) };
  const x = tensor([1, 3, 5, 7], [4, 1, 1, 1]); // mean 4, variance 5
  const loss =
    (normalise: Normalise): Loss<Net, Tensor> =>
    ({ t }, data) =>
      add(mean(normalise('norm', data.mul(t), channels)), t.square().div(2));
  const adapted = adapt(loss(byBatch), { t: tensor(2) }, x, { rate: 0.5, steps: 2 });
  const seen = statisticsAlong(loss, adapted, { support: x, query: x.mul(3) });
  const at = (value: number): Statistics => ({ norm: { mean: tensor([value]), variance: tensor([value]) } });
  // Of two tasks, the other of which sees nothing but zeros.
  const running = movedStatistics([at(0), at(10), at(20)], [seen, [at(0), at(0), at(0)]], 0.5);
  // t halves with every step: 2, 1, 0.5 (the normalised mean is 0 whatever t is).
  // After the last step it is the query set that is seen, three times as large.
  for (const [k, t] of [2, 1, 0.5 * 3].entries()) {
    const { mean: m, variance: v } = running[k].norm;
    assertClose(await values(m), [0.5 * 10 * k + 0.25 * 4 * t], 1e-5, `running mean of step ${k}`);
    assertClose(await values(v), [0.5 * 10 * k + 0.25 * 5 * t * t], 1e-5, `running variance of step ${k}`);
  }
  const judged = byStatistics(running[0])('norm', x, channels);
  assertClose(
    await values(judged),
    [1, 3, 5, 7].map((value) => (value - 2) / Math.sqrt(5 + 1e-5)),
    1e-5,
    'normalised by what step 0 has seen',
  );
});

test('cosine annealing', () => {
  const rates = [0, 1 / 3, 0.5, 1, 2].map((progress) => cosine(progress, 3, 1));
  assertClose(rates, [3, 2.5, 2, 1, 1], 1e-12, 'rates');
});

test.run();
