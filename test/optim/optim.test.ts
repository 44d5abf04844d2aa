import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { compile } from '../../src/compile/index.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import { sum } from '../../src/ops/index.ts';
import { adam, initAdam, sgd } from '../../src/optim/index.ts';
import { assertClose } from '../support/assert-close.ts';

/* Twenty steps on sum(w (p - c)^2) against plain loops in float64; f32 rounding adds up to a few 1e-7 per step. */

const test = suite('optimisers');
const start = [1, -2, 0.5, 3];
const weights = [1, 0.1, 10, 0];
const centres = [0.3, 4, -1, 2];
const steps = 20;
type Params = { p: Tensor };

const gradient = (params: Params) =>
  grad(sum(params.p.sub(tensor(centres)).square().mul(tensor(weights))), params);
const gradient64 = (p: number[]) => p.map((v, i) => 2 * weights[i] * (v - centres[i]));

test('SGD', async () => {
  const step = compile((params: Params, rate: Tensor) => sgd(params, gradient(params), rate));
  let params: Params = { p: tensor(start) };
  let expected = start;
  for (let t = 1; t <= steps; t++) {
    params = await step(params, 0.1 / t);
    expected = expected.map((v, i) => v - (0.1 / t) * gradient64(expected)[i]);
  }
  assertClose(await params.p.data(), expected, 1e-5, 'parameters');
});

for (const options of [{}, { beta1: 0.5 }, { beta1: 0.8, beta2: 0.9, eps: 1e-3 }])
  test(`Adam ${JSON.stringify(options)}`, async () => {
    const { beta1, beta2, eps } = { beta1: 0.9, beta2: 0.999, eps: 1e-8, ...options };
    const step = compile((params: Params, state: ReturnType<typeof initAdam<Params>>, rate: Tensor) =>
      adam(params, gradient(params), state, rate, options),
    );
    let params: Params = { p: tensor(start) };
    let state = initAdam(params);
    let p = start;
    let m = start.map(() => 0);
    let v = start.map(() => 0);
    for (let t = 1; t <= steps; t++) {
      const rate = 0.05 * (1 + (t % 3));
      ({ params, state } = await step(params, state, rate));
      const g = gradient64(p);
      m = m.map((x, i) => beta1 * x + (1 - beta1) * g[i]);
      v = v.map((x, i) => beta2 * x + (1 - beta2) * g[i] ** 2);
      p = p.map(
        (x, i) => x - (rate * (m[i] / (1 - beta1 ** t))) / (Math.sqrt(v[i] / (1 - beta2 ** t)) + eps),
      );
    }
    assertClose(await params.p.data(), p, 2e-5, 'parameters');
    assertClose(await state.first.p.data(), m, 2e-5, 'first moment');
    assertClose(await state.second.p.data(), v, 2e-5, 'second moment');
    assert.is(await state.step.item(), steps);
    assert.is((await params.p.data())[3], start[3], 'without a gradient nothing moves');
  });

test('the first step of Adam moves every parameter by the rate, whatever the gradient is', async () => {
  const params = { p: tensor([1, 1, 1, 1]) };
  const g = { p: tensor([1e-3, -5, 1e4, -1e-2]) };
  const next = adam(params, g, initAdam(params), 0.01).params;
  assertClose(await next.p.data(), [0.99, 1.01, 0.99, 1.01], 1e-5, 'parameters');
});

test.run();
