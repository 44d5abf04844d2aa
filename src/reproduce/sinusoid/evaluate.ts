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
  readonly places: readonly number[];
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

/** The error on the grid before adaptation and after each of the inner steps: [tasks, steps + 1] of them. */
const errors = compile((theta: RegressorParams, tasks: TestData, rate: Tensor) =>
  vmap((task: TestData) => {
    const { theta: adapted, steps } = adapt(squaredError, theta, task.support, { rate, steps: STEPS });
    return [...steps.map((step) => step.theta), adapted].map((p) => squaredError(p, task.grid));
  })(tasks),
);

/** Mean squared error on 100 points of each test task, before adaptation and after 1 to 10 inner steps. */
export async function evaluateSinusoid(
  theta: RegressorParams,
  { testTasks: count, shots, innerRate }: SinusoidSettings,
): Promise<Evaluation> {
  const tasks = testTasks(count, shots);
  const functions = tasks.map(({ sinusoid }) => sinusoid);
  const everywhere = grid(GRID);
  const data = {
    support: points(
      functions,
      tasks.map(({ places }) => places),
    ),
    grid: points(
      functions,
      tasks.map(() => everywhere),
    ),
  };
  const measured = await errors(theta, data, innerRate);
  const values = await Promise.all(measured.map((step) => step.data()));
  for (const step of measured) step.dispose();
  return { tasks: count, steps: values.map((errors, steps) => ({ steps, ...summarise(errors) })) };
}
