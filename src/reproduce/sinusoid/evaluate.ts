import { compile } from '../../compile/index.ts';
import type { Tensor } from '../../graph/index.ts';
import { adapt } from '../../meta/index.ts';
import { Random } from '../../random.ts';
import { vmap } from '../../vmap/index.ts';
import { summarise } from '../statistics.ts';
import type { Evaluation } from '../study.ts';
import { type Points, type RegressorParams, squaredError } from './model.ts';
import type { SinusoidSettings } from './settings.ts';
import { drawPlaces, drawSinusoid, grid, points, type Sinusoid } from './tasks.ts';

/** Inner steps after which is measured: before the first, and after each. */
const STEPS = 10;
/** Equally spaced points on which a task's error is measured. */
const GRID = 100;

/** A test task: the function, and where its support points are. */
export interface TestTask {
  readonly sinusoid: Sinusoid;
  readonly places: Float32Array;
}

/** The test tasks, the same ones for all methods and seeds. */
export const testTasks = (count: number, shots: number): TestTask[] => {
  const random = new Random('sinusoid test');
  return Array.from({ length: count }, () => ({
    sinusoid: drawSinusoid(random),
    places: drawPlaces(random, shots),
  }));
};

type TestData = { readonly support: Points; readonly grid: Points };

/** The error on the grid before adaptation and after each inner step, of all tasks. */
const adaptationErrors = compile((theta: RegressorParams, tasks: TestData, rate: Tensor) =>
  vmap((task: TestData) => {
    const { theta: adapted, steps } = adapt(squaredError, theta, task.support, { rate, steps: STEPS });
    return [...steps.map((step) => step.theta), adapted].map((p) => squaredError(p, task.grid));
  })(tasks),
);

/**
 * Mean squared errors on 100 points from -5 to 5: entry k lists those of all tasks after k inner steps, for k = 0 to 10.
 * @param innerRate alpha
 */
export async function testErrors(
  theta: RegressorParams,
  tasks: readonly TestTask[],
  innerRate: number,
): Promise<Float32Array[]> {
  const functions = tasks.map(({ sinusoid }) => sinusoid);
  const everywhere = grid(GRID);
  const errors = await adaptationErrors(
    theta,
    {
      support: points(
        functions,
        tasks.map(({ places }) => places),
      ),
      grid: points(
        functions,
        tasks.map(() => everywhere),
      ),
    },
    innerRate,
  );
  const values = await Promise.all(errors.map((step) => step.data()));
  for (const step of errors) step.dispose();
  return values as Float32Array[];
}

/**
 * What adaptation reaches on the test tasks. Inner steps at a fixed rate may drive a regressor out of range, in exact
 * arithmetic too: its error is then infinite.
 */
export async function evaluateSinusoid(
  theta: RegressorParams,
  { testTasks: count, shots, innerRate }: SinusoidSettings,
): Promise<Evaluation> {
  const measured = await testErrors(theta, testTasks(count, shots), innerRate);
  const errors = measured.map((values) =>
    values.map((v) => (Number.isNaN(v) ? Number.POSITIVE_INFINITY : v)),
  );
  return { tasks: count, steps: errors.map((values, steps) => ({ steps, ...summarise(values) })) };
}
