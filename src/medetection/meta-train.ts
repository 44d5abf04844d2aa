import { sampleEpisode } from '../data/index.ts';
import type { Plan } from '../device/plan.ts';
import { tree } from '../graph/index.ts';
import { adaptedPaths, annealedOrder, checkInnerSteps, multiStepWeights } from '../meta/index.ts';
import { filled, type Statistics } from '../nn/index.ts';
import { type AdamState, cosine, initAdam } from '../optim/index.ts';
import type { Random } from '../random.ts';
import type { TaskImages } from './batch.ts';
import { checkScales, type ModelConfig } from './config.ts';
import { episodeOf } from './episode.ts';
import {
  hasStepStatistics,
  initLearned,
  innerLoop,
  type Learned,
  meanInnerRate,
  type Schedule,
} from './meta-objective.ts';
import type { MetaTrainOptions } from './meta-options.ts';
import { compileMetaStep } from './meta-step.ts';
import { type ModelParams, statisticsLike } from './network.ts';
import { drawScale } from './scales.ts';

/** What the meta-training goes on from: what it has learned, Adam's moments, and the number of meta-steps done. */
export interface MetaState extends Learned {
  readonly adam: AdamState<Learned>;
  /** Running statistics of the normalisations, before the first inner step and after each; empty where none are kept. */
  readonly statistics: readonly Statistics[];
  readonly iteration: number;
}

/** The state before the first meta-step: zero moments, and statistics of mean 0 and variance 1. */
export function initMetaState(params: ModelParams, options: MetaTrainOptions): MetaState {
  const learned = initLearned(params, options);
  const standard = tree.mapWithPath(
    (path, { shape }) => filled(shape, path.endsWith('.variance') ? 1 : 0),
    statisticsLike(params),
  );
  const statistics = hasStepStatistics(options) ? Array(options.innerSteps + 1).fill(standard) : [];
  return { ...learned, adam: initAdam(learned), statistics, iteration: 0 };
}

export interface MetaStep {
  /** Meta-steps done, this one included. */
  readonly iteration: number;
  /** Mean query loss after adaptation, at the parameters before this step. */
  readonly queryLoss: number;
  /** The same for each task of the step, by its number. */
  readonly tasks: readonly { readonly task: number; readonly queryLoss: number }[];
}

export interface MetaTrainHooks {
  /** Called before the first step with the plan of a meta-step (of a micro-batch, where there are several). */
  readonly onPlan?: (plan: Plan) => void;
  /** Called after every step with what it measured and where training stands. */
  readonly onStep?: (step: MetaStep, state: MetaState) => void | Promise<void>;
  /** Stops after the step under way. */
  readonly signal?: AbortSignal;
  /** What to call a task in errors, by its number; the number itself if not given. */
  readonly nameOf?: (task: number) => string;
}

/**
 * Meta-training over inspection tasks by a member of the MAML family: every step draws tasks, adapts to each one's support
 * set, and moves what is learned along Adam's direction for the member's meta-gradient. Step i draws from `random.fork(i)`,
 * so that training goes on from a saved state as if it had never stopped.
 *
 * @throws when there are fewer tasks than a step needs, or a loss, an inner step or the meta-gradient is not
 * finite, or an inner step explodes (naming tasks, step and tensor).
 */
export async function metaTrain(
  tasks: readonly TaskImages[],
  model: ModelConfig,
  options: MetaTrainOptions,
  start: MetaState,
  random: Random,
  { onPlan, onStep, signal, nameOf = String }: MetaTrainHooks = {},
): Promise<MetaState> {
  const { tasksPerStep, support, query, queryMix, iterations } = options;
  if (tasks.length < tasksPerStep)
    throw new Error(
      `meta-train: ${tasksPerStep} tasks per step, but there are ${tasks.length} tasks to learn from`,
    );
  const adapted = adaptedPaths(start.params, innerLoop(options, start.rates, scheduleAt(0, options)));
  const metaStep = compileMetaStep(model, options, adapted);
  checkScales(model, options.scales ?? []);
  let state = start;
  while (state.iteration < iterations && !signal?.aborted) {
    const draw = random.fork(`meta-step ${state.iteration}`);
    const chosen = chooseTasks(tasks.length, state.iteration, options, draw);
    const scale = drawScale(options, draw.fork('scale'));
    const episodes = chosen.map((i) => {
      const shots = sampleEpisode(tasks[i].labels, {
        support,
        query,
        queryMix,
        random: draw.fork(`task ${i}`),
      });
      return episodeOf(tasks[i], shots, model, options.jointNorm, scale);
    });
    const learned: Learned = { params: state.params, rates: state.rates };
    const step = [
      learned,
      state.adam,
      state.statistics,
      episodes,
      scheduleAt(state.iteration, options),
    ] as const;
    if (state === start) onPlan?.(await metaStep.plan(...step));
    const next = await metaStep.run(...step);
    const { losses, squaredNorm, inner } = next;
    const iteration = state.iteration + 1;
    chosen.forEach((task, i) => {
      const length = inner.length / chosen.length;
      checkInnerSteps(inner.slice(i * length, (i + 1) * length), adapted, {
        where: `meta-train: step ${iteration}: task ${nameOf(task)}`,
        explodes: options.explodes,
      });
    });
    const diverged = (what: string, value: number) =>
      new Error(`meta-train: ${what} is ${value} at step ${iteration}; lower the inner or outer rate`);
    losses.forEach((value, i) => {
      if (!Number.isFinite(value)) throw diverged(`the query loss of task ${nameOf(chosen[i])}`, value);
    });
    if (!Number.isFinite(squaredNorm))
      throw diverged(
        `the squared norm of the meta-gradient over tasks ${chosen.map(nameOf).join(', ')}`,
        squaredNorm,
      );
    state = { ...next.learned, adam: next.adam, statistics: next.statistics, iteration };
    const queryLoss = losses.reduce((a, b) => a + b) / losses.length;
    const perTask = chosen.map((task, i) => ({ task, queryLoss: losses[i] }));
    await onStep?.({ iteration, queryLoss, tasks: perTask }, state);
  }
  return state;
}

/** The tasks of a meta-step, by number. */
function chooseTasks(
  count: number,
  iteration: number,
  { tasksPerStep, taskOrder }: MetaTrainOptions,
  draw: Random,
): number[] {
  if (taskOrder === 'cyclic')
    return Array.from({ length: tasksPerStep }, (_, i) => (iteration * tasksPerStep + i) % count);
  return draw.shuffle(Array.from({ length: count }, (_, i) => i)).slice(0, tasksPerStep);
}

/** What changes between meta-steps, after so many of them: inputs of the plan, but for the order, of which there are two. */
function scheduleAt(iteration: number, options: MetaTrainOptions): Schedule<number> {
  const { iterations, innerSteps, outerRate, annealSteps, annealOrder, cosineRate } = options;
  const plusPlus = options.algorithm === 'maml++';
  return {
    innerRate: meanInnerRate(options),
    outerRate: plusPlus && cosineRate ? cosine(iteration / iterations, outerRate) : outerRate,
    weights: multiStepWeights(innerSteps, iteration / annealSteps),
    firstOrder: plusPlus && annealOrder && annealedOrder(iteration, annealSteps) === 1,
  };
}
