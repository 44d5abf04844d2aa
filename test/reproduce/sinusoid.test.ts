import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tree } from '../../src/graph/index.ts';
import { uniform } from '../../src/nn/index.ts';
import { Random } from '../../src/random.ts';
import {
  beginning,
  defaultSinusoid,
  drawSinusoid,
  drawTasks,
  initRegressor,
  metaTrain,
  type RegressorParams,
  type SinusoidMethod,
  type SinusoidSettings,
  testErrors,
  testTasks,
  trainSinusoid,
} from '../../src/reproduce/index.ts';
import { assertClose } from '../support/assert-close.ts';

/** Asserts that values are uniform over a range: inside, and evenly over ten parts of it. */
function assertUniform(values: ArrayLike<number>, [low, high]: readonly number[], what: string): void {
  const counts = new Array(10).fill(0);
  for (const value of Array.from(values)) {
    assert.ok(value >= low && value <= high, `${what}: ${value} is outside [${low}, ${high}]`);
    counts[Math.min(9, Math.floor((10 * (value - low)) / (high - low)))]++;
  }
  const expected = values.length / 10;
  const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // Chi-square with 9 degrees of freedom exceeds 27.9 once in a thousand.
  assert.ok(chi < 27.9, `${what}: chi-square ${chi}`);
}

test('tasks and places are uniform over the published ranges', async () => {
  const random = new Random('distribution');
  const tasks = Array.from({ length: 5000 }, () => drawSinusoid(random));
  assertUniform(
    tasks.map(({ amplitude }) => amplitude),
    [0.1, 5],
    'amplitude',
  );
  assertUniform(
    tasks.map(({ phase }) => phase),
    [0, Math.PI],
    'phase',
  );
  const { support, query } = drawTasks(random, 500, 10);
  assertUniform(await support.x.data(), [-5, 5], 'support x');
  assertUniform(await query.x.data(), [-5, 5], 'query x');
});

test('support and query points of a task lie on one sinusoid, those of others on others', async () => {
  const [count, shots] = [4, 6];
  const { support, query } = drawTasks(new Random(3), count, shots);
  assert.equal(support.x.shape, [count, shots, 1]);
  const [sx, sy, qx, qy] = await Promise.all([support.x, support.y, query.x, query.y].map((t) => t.data()));
  assert.not.equal(sx, qx);
  const found: string[] = [];
  for (let task = 0; task < count; task++) {
    // y = a sin x + b cos x, solved by two points, must hold for all others.
    const at = (x: ArrayLike<number>, i: number) => [
      Math.sin(x[task * shots + i]),
      Math.cos(x[task * shots + i]),
    ];
    const [[s0, c0], [s1, c1]] = [at(sx, 0), at(sx, 1)];
    const [y0, y1] = [sy[task * shots], sy[task * shots + 1]];
    const det = s0 * c1 - s1 * c0;
    const [a, b] = [(y0 * c1 - y1 * c0) / det, (s0 * y1 - s1 * y0) / det];
    for (let i = 0; i < shots; i++)
      for (const [x, y] of [
        [sx, sy],
        [qx, qy],
      ]) {
        const [s, c] = at(x, i);
        assert.ok(Math.abs(a * s + b * c - y[task * shots + i]) < 1e-4, `task ${task}, point ${i}`);
      }
    // amplitude sin(x - phase): a = amplitude cos(phase), b = -amplitude sin(phase)
    assert.ok(b <= 1e-4, `phase of task ${task} is not within [0, pi]`);
    found.push(`${a} ${b}`);
  }
  assert.is(new Set(found).size, count);
});

test('the same seed draws the same tasks, another one others', async () => {
  const draw = async (seed: number) => (await drawTasks(new Random(seed), 3, 5).support.y.data()).join();
  assert.is(await draw(1), await draw(1));
  assert.is.not(await draw(1), await draw(2));
  assert.equal(testTasks(5, 10), testTasks(9, 10).slice(0, 5));
});

test('initial weights are normal, cut off at two deviations of 0.01; biases are zero', async () => {
  const { hidden1, hidden2, output } = initRegressor(new Random(0));
  for (const { bias } of [hidden1, hidden2, output])
    assert.ok((await bias.data()).every((value) => value === 0));
  const weights = Array.from(await hidden2.weight.data());
  assert.equal(hidden2.weight.shape, [40, 40]);
  assert.ok(weights.every((value) => Math.abs(value) <= 0.02));
  const deviation = Math.sqrt(weights.reduce((sum, v) => sum + v * v, 0) / weights.length);
  // A normal distribution cut off at two deviations has 0.8796 of its deviation; three standard errors are 4 %.
  assert.ok(Math.abs(deviation / 0.008796 - 1) < 0.04, String(deviation));
});

/** The same regressor and its adaptation in float64, by loops: no tensor, no autodiff. */
function plainErrors(
  theta: Map<string, Float64Array>,
  task: { amplitude: number; phase: number; places: ArrayLike<number> },
  rate: number,
  steps: number,
): number[] {
  const H = 40;
  const p = new Map(Array.from(theta, ([path, values]) => [path, values.slice()]));
  const get = (path: string) => p.get(path)!;
  const target = (x: number) => task.amplitude * Math.sin(x - task.phase);
  const forward = (x: number) => {
    const z1 = Array.from({ length: H }, (_, i) => get('hidden1.weight')[i] * x + get('hidden1.bias')[i]);
    const h1 = z1.map((v) => Math.max(0, v));
    const z2 = Array.from({ length: H }, (_, i) =>
      h1.reduce((sum, v, j) => sum + get('hidden2.weight')[i * H + j] * v, get('hidden2.bias')[i]),
    );
    const h2 = z2.map((v) => Math.max(0, v));
    const y = h2.reduce((sum, v, i) => sum + get('output.weight')[i] * v, get('output.bias')[0]);
    return { z1, h1, z2, h2, y };
  };
  const error = () => {
    let sum = 0;
    for (let i = 0; i < 100; i++) {
      const x = -5 + (10 * i) / 99;
      sum += (forward(x).y - target(x)) ** 2;
    }
    return sum / 100;
  };
  const errors = [error()];
  for (let k = 0; k < steps; k++) {
    const gradient = new Map(Array.from(p, ([path, values]) => [path, new Float64Array(values.length)]));
    const g = (path: string) => gradient.get(path)!;
    for (const x of Array.from(task.places)) {
      const { z1, h1, z2, h2, y } = forward(x);
      const dy = (2 * (y - target(x))) / task.places.length;
      g('output.bias')[0] += dy;
      const d1 = new Float64Array(H);
      for (let i = 0; i < H; i++) {
        g('output.weight')[i] += dy * h2[i];
        if (z2[i] <= 0) continue;
        const d2 = dy * get('output.weight')[i];
        g('hidden2.bias')[i] += d2;
        for (let j = 0; j < H; j++) {
          g('hidden2.weight')[i * H + j] += d2 * h1[j];
          d1[j] += d2 * get('hidden2.weight')[i * H + j];
        }
      }
      for (let j = 0; j < H; j++) {
        if (z1[j] <= 0) continue;
        g('hidden1.bias')[j] += d1[j];
        g('hidden1.weight')[j] += d1[j] * x;
      }
    }
    for (const [path, values] of p) for (let i = 0; i < values.length; i++) values[i] -= rate * g(path)[i];
    errors.push(error());
  }
  return errors;
}

test('errors before and after each of ten inner steps agree with float64', async () => {
  const random = new Random('weights');
  const theta: RegressorParams = tree.map((t) => uniform(random, t.shape, 0.4), initRegressor(random));
  const tasks = testTasks(5, 10);
  const rate = 0.01;
  const measured = await testErrors(theta, tasks, rate);
  assert.is(measured.length, 11);
  const values = new Map<string, Float64Array>();
  for (const [path, t] of tree.entries(theta)) values.set(path, Float64Array.from(await t.data()));
  for (const [i, { sinusoid, places }] of tasks.entries()) {
    const expected = plainErrors(values, { ...sinusoid, places }, rate, 10);
    assert.ok(expected[10] < expected[0], 'adaptation changes something');
    assertClose(
      measured.map((step) => step[i]),
      expected,
      2e-5,
      `task ${i}`,
    );
  }
});

/** How a training ends that cannot go on. */
async function failure(changes: Partial<SinusoidSettings>, method: SinusoidMethod): Promise<string> {
  const training = trainSinusoid({ ...defaultSinusoid, tasksPerStep: 3, ...changes }, method, 0);
  const hooks = { saveEvery: 100, save: async () => {} };
  return metaTrain(training, beginning(training), 20, hooks).then(
    () => 'it went on',
    (error: Error) => error.message,
  );
}

test('an inner rate that is too large ends the training, naming task, step and tensor', async () => {
  assert.match(
    await failure({ innerRate: 100 }, 'second-order'),
    /^meta-train: step 1: task 1 of 3: inner step 1: it explodes: the norm of what it adds to \w+\.(weight|bias) is [\d.]+ /,
  );
  assert.match(
    await failure({ innerRate: 1e30 }, 'first-order'),
    /^meta-train: step 1: task 1 of 3: inner step 1: the norm of what it adds to \w+\.(weight|bias) is Infinity /,
  );
});

test('an outer rate that is too large is found at the step where the inner loops break', async () => {
  const message = await failure({ outerRate: 1e3 }, 'second-order');
  assert.match(message, /^meta-train: step [2-9]: task \d of 3: inner step 1: /);
  assert.match(
    await failure({ outerRate: 1e30 }, 'joint'),
    /^meta-train: the loss is (NaN|Infinity) at step \d+; lower the rates$/,
  );
});

test.run();
