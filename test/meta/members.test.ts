import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { compile, evaluate } from '../../src/compile/index.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import {
  adapt,
  anil,
  boil,
  fomaml,
  type InnerLoop,
  type Loss,
  metaLoss,
  reptileGradient,
} from '../../src/meta/index.ts';
import { add } from '../../src/ops/index.ts';
import { sgd } from '../../src/optim/index.ts';
import { assertClose } from '../support/assert-close.ts';

const test = suite("Reptile, and MAML's members by one setting");

interface Bowl {
  readonly scale: number;
  readonly centre: number;
}
type Point = { readonly t: Tensor };
const bowl: Loss<Point, Bowl> = ({ t }, { scale, centre }) =>
  t
    .sub(centre)
    .square()
    .mul(scale / 2);
const tasks: readonly Bowl[] = [
  { scale: 1.5, centre: 0.75 },
  { scale: 0.5, centre: -2 },
  { scale: 1, centre: 3 },
];
const [alpha, steps, start] = [0.2, 4, 1.25];

/** theta - phi on a bowl: the part of the way to its centre that K steps go. */
const part = ({ scale, centre }: Bowl, t: number) => (t - centre) * (1 - (1 - alpha * scale) ** steps);

test('Reptile on bowls: the direction is the mean of theta - phi_i, each part of the way to its centre', async () => {
  const gradient = reptileGradient(bowl, { t: tensor(start) }, tasks, { rate: alpha, steps });
  const expected = tasks.reduce((s, task) => s + part(task, start), 0) / tasks.length;
  assertClose([await gradient.t.item()], [expected], 1e-6, 'direction');
});

test('Reptile, serial: theta + eps (phi - theta) settles on the mean of the centres, weighed by how far each is reached', async () => {
  const eps = 0.02;
  const step = compile((theta: Point, centre: Tensor, scale: Tensor, rate: Tensor) => {
    const loss: Loss<Point, null> = ({ t }) => t.sub(centre).square().mul(scale).div(2);
    return sgd(theta, reptileGradient(loss, theta, [null], { rate: alpha, steps }), rate);
  });
  let theta: Point = { t: tensor(start) };
  let expected = start;
  for (let i = 0; i < 300; i++) {
    const task = tasks[i % 3];
    theta = await step(theta, task.centre, task.scale, eps);
    expected -= eps * part(task, expected);
  }
  const got = await theta.t.item();
  assertClose([got], [expected], 2e-5, 'the same in float64');
  const weights = tasks.map((task) => 1 - (1 - alpha * task.scale) ** steps);
  const total = weights.reduce((a, b) => a + b);
  const settled = tasks.reduce((s, { centre }, i) => s + weights[i] * centre, 0) / total;
  assert.ok(Math.abs(got - settled) < 0.05, `${got} is not near ${settled}`);
});

test('Reptile by the step: a loss may take another minibatch in each', async () => {
  // Two steps on two bowls of scale 1: phi - c_1 = (1 - alpha)(t_1 - c_1), t_1 - c_0 = (1 - alpha)(t - c_0).
  const loss: Loss<Point, readonly number[]> = (theta, centres, step) =>
    bowl(theta, { scale: 1, centre: centres[step] }, step);
  const gradient = reptileGradient(loss, { t: tensor(start) }, [[1, -1]], { rate: alpha, steps: 2 });
  const first = 1 + (1 - alpha) * (start - 1);
  const phi = -1 + (1 - alpha) * (first + 1);
  assertClose([await gradient.t.item()], [start - phi], 1e-6, 'direction');
});

/** (head body - y)^2 / 2: each one's gradient depends on the other. */
type Net = { readonly body: { readonly weight: Tensor }; readonly head: Tensor };
const loss: Loss<Net, number> = ({ body, head }, y) => head.mul(body.weight).sub(y).square().div(2);
const [b, h, y, z, rate] = [0.8, -0.6, 1.5, 0.4, 0.3];
const net: Net = { body: { weight: tensor(b) }, head: tensor(h) };
const gradientOf = async (inner: InnerLoop) => {
  const gradient = grad(metaLoss(loss, net, [{ support: y, query: z }], inner), net);
  const got = await evaluate([gradient.body.weight, gradient.head]);
  return Promise.all(got.map((t) => t.item()));
};
const miss = h * b - y;

test('FOMAML is MAML without alpha H v', async () => {
  const [b1, h1] = [b - rate * miss * h, h - rate * miss * b];
  const error = h1 * b1 - z;
  const v = [error * h1, error * b1];
  const hv = [h * h * v[0] + (miss + h * b) * v[1], (miss + h * b) * v[0] + b * b * v[1]];
  assertClose(await gradientOf(fomaml({ rate })), v, 1e-6, 'FOMAML');
  assertClose(
    await gradientOf({ rate }),
    v.map((x, i) => x - rate * hv[i]),
    1e-6,
    'MAML',
  );
});

test('ANIL adapts the head alone, BOIL all but the head, and each differentiates through what it adapts', async () => {
  // ANIL: h' = h - rate m b, b' = b. dL_q/dh = e b (1 - rate b^2), dL_q/db = e (h' - b rate (m + h b)).
  const h1 = h - rate * miss * b;
  const e = h1 * b - z;
  assertClose(
    await gradientOf(anil({ rate })),
    [e * (h1 - b * rate * (miss + h * b)), e * b * (1 - rate * b * b)],
    1e-6,
    'ANIL',
  );
  // BOIL is the mirror image.
  const b1 = b - rate * miss * h;
  const f = h * b1 - z;
  assertClose(
    await gradientOf(boil({ rate })),
    [f * h * (1 - rate * h * h), f * (b1 - h * rate * (miss + h * b))],
    1e-6,
    'BOIL',
  );
  assert.is(adapt(loss, net, y, anil({ rate })).theta.body.weight, net.body.weight);
  assert.is(adapt(loss, net, y, boil({ rate })).theta.head, net.head);
});

test('a head by another name, and no head at all', () => {
  const tree = { last: { w: tensor(1) }, laster: tensor(2) };
  const quadratic: Loss<typeof tree, null> = ({ last, laster }) => add(last.w.square(), laster.square());
  const { theta } = adapt(quadratic, tree, null, anil({ rate }, 'last'));
  assert.is.not(theta.last.w, tree.last.w);
  assert.is(theta.laster, tree.laster, 'a name that only begins alike is not part of the head');
  assert.throws(
    () => adapt(quadratic, tree, null, anil({ rate })),
    /`adapts` chooses none of the parameters last\.w, laster/,
  );
});

test('no task is refused', () => {
  assert.throws(
    () => reptileGradient(bowl, { t: tensor(0) }, [], { rate }),
    /reptileGradient: needs at least one task/,
  );
});

test.run();
