import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { compile, evaluate } from '../../src/compile/index.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import { conjugateGradient, type ImplicitLoop, implicitAdapt, type Loss } from '../../src/meta/index.ts';
import { matmul, sum } from '../../src/ops/index.ts';
import { vmap } from '../../src/vmap/index.ts';
import { assertClose } from '../support/assert-close.ts';

const test = suite('implicit MAML');
type Point = { readonly t: Tensor };

/** A symmetric positive definite H with eigenvalues far apart, and its products in float64. */
const H = [
  [3, 0.5, -0.2],
  [0.5, 1, 0.3],
  [-0.2, 0.3, 0.4],
];
const apply64 = (matrix: number[][], v: readonly number[]) =>
  matrix.map((row) => row.reduce((s, x, j) => s + x * v[j], 0));
/** Solves a small system by Gauss and Jordan; its pivots are positive, as the matrix is positive definite. */
function solve64(matrix: number[][], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  for (let i = 0; i < rows.length; i++) {
    rows[i] = rows[i].map((x) => x / rows[i][i]);
    for (let j = 0; j < rows.length; j++)
      if (j !== i) rows[j] = rows[j].map((x, k) => x - rows[j][i] * rows[i][k]);
  }
  return rows.map((row) => row[row.length - 1]);
}
const vector = (values: readonly number[]) => tensor(Float32Array.from(values), [values.length, 1]);
const product = ({ t }: Point): Point => ({ t: matmul(tensor(H), t) });

test('conjugate gradients solve n equations in n iterations, and then stand still', async () => {
  const b = [1, -2, 0.5];
  const solution = solve64(H, b);
  for (const iterations of [3, 10]) {
    const x = conjugateGradient(product, { t: vector(b) }, iterations);
    assertClose(await x.t.data(), solution, 1e-5, `${iterations} iterations`);
  }
  const zero = conjugateGradient(product, { t: vector([0, 0, 0]) }, 2);
  assert.equal([...(await zero.t.data())], [0, 0, 0]);
  // One iteration from 0 is steepest descent: x = (b'b / b'Hb) b.
  const one = conjugateGradient(product, { t: vector(b) }, 1);
  const scale = b.reduce((s, x) => s + x * x, 0) / apply64(H, b).reduce((s, x, i) => s + x * b[i], 0);
  assertClose(
    await one.t.data(),
    b.map((x) => scale * x),
    1e-6,
    'one iteration',
  );
});

test('a quadratic task: phi = (H + lambda)^-1 (H c + lambda theta), meta-gradient (I + H/lambda)^-1 (phi - d)', async () => {
  const [lambda, c, d, start] = [0.8, [1, -0.5, 2], [0.3, 0.9, -1], [-1, 0.4, 0.6]];
  const support: Loss<Point, null> = ({ t }) => {
    const away = t.sub(vector(c));
    return sum(away.mul(matmul(tensor(H), away))).div(2);
  };
  const inner: ImplicitLoop = { rate: 0.4, steps: 60, lambda, cgSteps: 3 };
  const metaStep = compile((theta: Point) => {
    const phi = implicitAdapt(support, theta, null, inner).theta;
    const query = sum(phi.t.sub(vector(d)).square()).div(2);
    return { phi, gradient: grad(query, theta) };
  });
  const { phi, gradient } = await metaStep({ t: vector(start) });
  const shifted = H.map((row, i) => row.map((x, j) => x + (i === j ? lambda : 0)));
  const right = apply64(H, c).map((x, i) => x + lambda * start[i]);
  const expected = solve64(shifted, right);
  assertClose(await phi.t.data(), expected, 1e-5, 'phi');
  const implicit = shifted.map((row) => row.map((x) => x / lambda));
  const v = expected.map((x, i) => x - d[i]);
  assertClose(await gradient.t.data(), solve64(implicit, v), 2e-5, 'meta-gradient');
});

test('a task that is no quadratic: the meta-gradient is that of the exact proximal solution, by differences', async () => {
  // Coordinate by coordinate: L = w t^4 / 4 + (t - c)^2 / 2. The minimiser of L + lambda/2 (t - theta)^2 by Newton in float64.
  const [lambda, weight, centre, start] = [0.5, [0.7, 2], [1.5, -1], [0.4, 0.9]];
  const solution = (theta: number, i: number) => {
    let t = theta;
    for (let k = 0; k < 50; k++)
      t -=
        (weight[i] * t ** 3 + (t - centre[i]) + lambda * (t - theta)) / (3 * weight[i] * t ** 2 + 1 + lambda);
    return t;
  };
  const loss: Loss<Point, null> = ({ t }) =>
    sum(
      t
        .pow(4)
        .mul(tensor(weight))
        .div(4)
        .add(t.sub(tensor(centre)).square().div(2)),
    );
  const theta = { t: tensor(start) };
  const phi = implicitAdapt(loss, theta, null, { rate: 0.15, steps: 60, lambda, cgSteps: 2 }).theta.t;
  const [values, slopes] = await evaluate([phi, grad(sum(phi.square()), theta).t]);
  const exact = start.map(solution);
  assertClose(await values.data(), exact, 1e-5, 'phi');
  const h = 1e-5;
  const expected = start.map((t, i) => (solution(t + h, i) ** 2 - solution(t - h, i) ** 2) / (2 * h));
  assertClose(await slopes.data(), expected, 2e-5, 'meta-gradient');
});

test('what makes no conjugate gradients is refused', () => {
  const loss: Loss<Point, null> = ({ t }) => sum(t.square());
  for (const cgSteps of [0, 1.5])
    assert.throws(
      () => implicitAdapt(loss, { t: tensor([1]) }, null, { rate: 0.1, lambda: 1, cgSteps }),
      new RegExp(`implicitAdapt: cgSteps ${cgSteps} must be a positive integer`),
    );
});

test('a batch of tasks: each has the meta-gradient that it has alone', async () => {
  const centres = [
    [1.5, -1],
    [-0.3, 0.8],
    [0, 2],
  ];
  const loss: Loss<Point, Tensor> = ({ t }, c) => sum(t.pow(4).div(4).add(t.sub(c).square().div(2)));
  const theta = { t: tensor([0.4, 0.9]) };
  const inner = { rate: 0.15, steps: 20, lambda: 0.5, cgSteps: 2 };
  const query = (c: Tensor) => sum(implicitAdapt(loss, theta, c, inner).theta.t.sub(1).square());
  const together = vmap(query)(tensor(centres));
  const alone = centres.map((c) => query(tensor(c)));
  const [losses, gradient, ...each] = await evaluate([
    together,
    grad(sum(together), theta).t,
    ...alone,
    ...alone.map((q) => grad(q, theta).t),
  ]);
  const values = await Promise.all(each.map((t) => t.data()));
  assertClose(
    await losses.data(),
    values.slice(0, 3).map((v) => v[0]),
    1e-6,
    'losses',
  );
  const total = [0, 1].map((i) => values.slice(3).reduce((n, v) => n + v[i], 0));
  assertClose(await gradient.data(), total, 1e-5, 'the sum of the meta-gradients');
});

test.run();
