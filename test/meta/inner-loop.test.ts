import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { compile, evaluate } from '../../src/compile/index.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import { adapt, type InnerLoop, type Loss, metaLoss, zeroing } from '../../src/meta/index.ts';
import { add, relu, sum } from '../../src/ops/index.ts';
import { adamOptimiser, momentumOptimiser, type Optimiser, sgdOptimiser } from '../../src/optim/index.ts';
import { assertClose } from '../support/assert-close.ts';

const test = suite('inner loop');

/** L(t) = sum(w (t - c)^4) / 4: curved enough that every step has another Hessian. */
interface Quartic {
  readonly weight: readonly number[];
  readonly centre: readonly number[];
}
type Params = { readonly t: Tensor };
const quartic: Loss<Params, Quartic> = ({ t }, { weight, centre }) =>
  sum(t.sub(tensor(centre)).pow(4).mul(tensor(weight))).div(4);
const support: Quartic = { weight: [1, 0.5, 2], centre: [0.3, -0.4, 0.1] };
const query: Quartic = { weight: [0.7, 1.5, 1], centre: [0, 0.5, -0.2] };
const start = [1.2, 0.6, -0.5];
const rate = 0.05;

/** The same in float64, one coordinate at a time: coordinates do not meet in a sum. */
type Rule64 = (gradient: (t: number) => number, t: number, steps: number) => number;
const gradient64 = (weight: number, centre: number) => (t: number) => weight * (t - centre) ** 3;
const sgd64: Rule64 = (g, t, steps) => {
  for (let k = 0; k < steps; k++) t -= rate * g(t);
  return t;
};
const momentum64: Rule64 = (g, t, steps) => {
  let v = 0;
  for (let k = 0; k < steps; k++) {
    v = 0.8 * v + g(t);
    t -= rate * v;
  }
  return t;
};
const adam64: Rule64 = (g, t, steps) => {
  let [m, v] = [0, 0];
  for (let k = 1; k <= steps; k++) {
    m = 0.6 * m + 0.4 * g(t);
    v = 0.9 * v + 0.1 * g(t) ** 2;
    t -= (rate * m) / (1 - 0.6 ** k) / (Math.sqrt(v / (1 - 0.9 ** k)) + 1e-3);
  }
  return t;
};
/** d L_query(t_K) / d t_0 by central differences in float64. */
function metaGradient64(rule: Rule64, i: number, steps: number): number {
  const g = gradient64(support.weight[i], support.centre[i]);
  const value = (t: number) => (query.weight[i] * (rule(g, t, steps) - query.centre[i]) ** 4) / 4;
  const h = 1e-5;
  return (value(start[i] + h) - value(start[i] - h)) / (2 * h);
}

const rules: readonly [string, Optimiser, Rule64][] = [
  ['SGD', sgdOptimiser, sgd64],
  ['momentum', momentumOptimiser(0.8), momentum64],
  ['Adam', adamOptimiser({ beta1: 0.6, beta2: 0.9, eps: 1e-3 }), adam64],
];
for (const [name, optimiser, rule] of rules)
  for (const steps of [1, 2, 5, 20])
    test(`${steps} inner steps of ${name}: where they lead, and the meta-gradient through them`, async () => {
      const inner: InnerLoop = { rate, steps, optimiser };
      const metaStep = compile((theta: Params) => ({
        adapted: adapt(quartic, theta, support, inner).theta,
        gradient: grad(metaLoss(quartic, theta, [{ support, query }], inner), theta),
      }));
      const { adapted, gradient } = await metaStep({ t: tensor(start) });
      const led = start.map((t, i) => rule(gradient64(support.weight[i], support.centre[i]), t, steps));
      assertClose(await adapted.t.data(), led, 2e-6, 'adapted');
      const expected = start.map((_, i) => metaGradient64(rule, i, steps));
      // Adam divides small numbers by small ones, and its factors 1 - beta^t cancel in f32.
      assertClose(await gradient.t.data(), expected, name === 'Adam' ? 2e-5 : 2e-6, 'meta-gradient');
    });

test('Adam where a gradient is exactly 0: its derivative is that of g / eps, and finite', async () => {
  // Coordinate 0 is a dead unit: relu cuts it off. Coordinate 1 stands at its optimum: g = 0, but g' = h = 2.
  // One step leads to u = t - rate g / (|g| + eps), so du/dt = 1 - rate h / eps; a root of slope infinity would give NaN.
  const [eps, h] = [0.5, 2];
  const loss: Loss<Params, null> = ({ t }) => {
    const shifted = t.sub(tensor([0, 3]));
    return add(sum(relu(shifted.slice([0], [1])).square()), sum(shifted.slice([1]).square()));
  };
  const theta = { t: tensor([-1, 3]) };
  for (const steps of [1, 2, 3]) {
    const inner: InnerLoop = { rate, steps, optimiser: adamOptimiser({ eps }) };
    const adapted = adapt(loss, theta, null, inner).theta.t;
    const [values, slopes] = await evaluate([adapted, grad(sum(adapted), theta).t]);
    assert.equal([...(await values.data())], [-1, 3], 'nothing moves');
    if (steps === 1)
      assertClose(await slopes.data(), [1, 1 - (rate * h) / eps], 1e-6, 'derivative of the first step');
    assert.ok([...(await slopes.data())].every(Number.isFinite), `${await slopes.data()}`);
  }
});

test('a rate of its own for every step and tensor', async () => {
  type Two = { readonly a: Tensor; readonly b: Tensor };
  const bowl: Loss<Two, null> = ({ a, b }) => add(a.square(), b.square().mul(3)).div(2);
  const rates: Record<string, number[]> = { a: [0.1, 0.2, 0.3], b: [0.25, 0.05, 0.15] };
  const inner: InnerLoop = { rate: (step, path) => rates[path][step], steps: 3 };
  const { a, b } = adapt(bowl, { a: tensor(2), b: tensor(-1) }, null, inner).theta;
  assertClose([await a.item()], [2 * 0.9 * 0.8 * 0.7], 1e-6, 'a');
  assertClose([await b.item()], [-1 * (1 - 0.75) * (1 - 0.15) * (1 - 0.45)], 1e-6, 'b');
});

test('the loss is told how many steps were taken, the query loss K', () => {
  const told: string[] = [];
  const loss: Loss<Params, string> = ({ t }, data, step) => {
    told.push(`${data} ${step}`);
    return sum(t.square());
  };
  metaLoss(loss, { t: tensor(start) }, [{ support: 'support', query: 'query' }], { rate, steps: 3 });
  assert.equal(told, ['support 0', 'support 1', 'support 2', 'query 3']);
});

test('every step tells where it stood, the loss there and its gradient', async () => {
  const { theta, losses, steps } = adapt(quartic, { t: tensor(start) }, support, { rate, steps: 2 });
  assert.is(steps.length, 2);
  assert.equal(
    steps.map((step) => step.loss),
    losses,
  );
  const last = await evaluate([steps[1].theta.t, steps[1].gradient.t, theta.t]);
  const [before, gradient, after] = await Promise.all(last.map(async (t) => [...(await t.data())]));
  assertClose(
    after,
    before.map((t, i) => t - rate * gradient[i]),
    1e-6,
    'the step itself',
  );
  const expected = before.map((t, i) => gradient64(support.weight[i], support.centre[i])(t));
  assertClose(gradient, expected, 1e-5, 'gradient');
});

test('the zeroing trick: adaptation starts from a head of zeros, whatever the head is', async () => {
  // f = head body x with x = 1, L = (f - y)^2 / 2. From head 0: head' = alpha y body, body' = body (its gradient has the
  // factor head), so that L_query = (alpha y body^2 - z)^2 / 2, and its derivative by body is 2 alpha y body (...).
  type Net = { readonly body: Tensor; readonly head: Tensor };
  const loss: Loss<Net, number> = ({ body, head }, y) => body.mul(head).sub(y).square().div(2);
  const [alpha, y, z, body] = [0.3, 2, 1.5, 0.9];
  for (const head of [-4, 0.2]) {
    const theta = { body: tensor(body), head: tensor(head) };
    const meta = metaLoss(loss, theta, [{ support: y, query: z }], zeroing({ rate: alpha }));
    const gradient = grad(meta, theta);
    const [value, byBody, byHead] = await Promise.all(
      (await evaluate([meta, gradient.body, gradient.head])).map((t) => t.item()),
    );
    const miss = alpha * y * body ** 2 - z;
    assertClose(
      [value, byBody],
      [miss ** 2 / 2, miss * 2 * alpha * y * body],
      1e-6,
      'loss and meta-gradient',
    );
    assert.is(byHead, 0);
  }
});

test('what chooses no parameter is refused, by name', () => {
  const none = () => false;
  for (const name of ['adapts', 'zeroed'])
    assert.throws(
      () => adapt(quartic, { t: tensor(start) }, support, { rate, [name]: none }),
      new RegExp(`\`${name}\` chooses none of the parameters t`),
    );
});

test.run();
