import type { Tensor } from '../../graph/index.ts';
import { type InnerLoop, queryLosses } from '../../meta/index.ts';
import { Random } from '../../random.ts';
import { vmap } from '../../vmap/index.ts';
import { innerCheck } from '../inner-check.ts';
import { metaSteps } from '../meta-steps.ts';
import type { MetaTraining } from '../study.ts';
import { evaluateSinusoid } from './evaluate.ts';
import { initRegressor, type RegressorParams, squaredError } from './model.ts';
import type { SinusoidMethod, SinusoidSettings } from './settings.ts';
import { drawTasks, type SinusoidData } from './tasks.ts';

/** Meta-steps in one plan. More of them take longer to compile and save little. */
const STEPS_PER_CALL = 10;

/** What a method lowers: the mean over tasks, whose data have a leading axis of tasks. */
function objective(method: SinusoidMethod, inner: InnerLoop) {
  const taskLoss = (theta: RegressorParams, task: SinusoidData): Tensor =>
    method === 'joint'
      ? squaredError(theta, task.support)
      : queryLosses(squaredError, theta, [task], inner)[0];
  return (theta: RegressorParams, tasks: SinusoidData): Tensor =>
    vmap((task: SinusoidData) => taskLoss(theta, task))(tasks).mean();
}

/** How a method learns sinusoids. Methods start from the same parameters and see the same tasks under one seed. */
export function trainSinusoid(
  settings: SinusoidSettings,
  method: SinusoidMethod,
  seed: number,
): MetaTraining<RegressorParams> {
  const random = new Random(seed).fork('sinusoid');
  const tasks = random.fork('tasks');
  const { innerRate: rate, innerSteps: steps, tasksPerStep, shots } = settings;
  const inner: InnerLoop = { rate, steps, order: method === 'second-order' ? 2 : 1 };
  const draw = (iteration: number): SinusoidData =>
    drawTasks(tasks.fork(String(iteration)), tasksPerStep, shots);
  return {
    init: () => initRegressor(random.fork('init')),
    stepsPerCall: STEPS_PER_CALL,
    advance: metaSteps(objective(method, inner), settings.outerRate, draw),
    checkInner: method === 'joint' ? undefined : innerCheck(squaredError, inner, draw),
    evaluate: (theta) => evaluateSinusoid(theta, settings),
  };
}
