import { grad } from '../autodiff/index.ts';
import { compile } from '../compile/index.ts';
import { sampleEpisode } from '../data/index.ts';
import { scopes, type Tensor, withScope } from '../graph/index.ts';
import { type InnerLoop, queryLosses, type TaskData } from '../meta/index.ts';
import { add } from '../ops/index.ts';
import { type AdamState, adam, initAdam } from '../optim/index.ts';
import type { Random } from '../random.ts';
import { labelledPairs, type TaskImages } from './batch.ts';
import type { ModelConfig } from './config.ts';
import { type LabelledPairs, loss, type ModelParams } from './network.ts';
import { readMeasures, stepMeasures } from './step-measures.ts';

/** Which of MAML's inner loops: all parameters or the linear head alone. */
export type Adapts = 'all' | 'head';

export interface MetaTrainOptions {
  /** Meta-steps in all. */
  readonly iterations: number;
  /** Tasks per meta-step, drawn without repetition. */
  readonly tasksPerStep: number;
  /** Pairs per support set and per query set. */
  readonly support: number;
  readonly query: number;
  /** Query sets half defective, or in the task's own proportion (support sets are balanced). */
  readonly queryMix: 'balanced' | 'natural';
  readonly innerRate: number;
  readonly innerSteps: number;
  readonly order: 1 | 2;
  readonly adapts: Adapts;
  /** Adam's rate for the meta-step, and its beta1. */
  readonly outerRate: number;
  readonly beta1: number;
}

/** The protocol of the paper's scale: 4 tasks a step, 20 support and 20 query pairs, one inner step, second order. */
export const defaultMetaTrain: MetaTrainOptions = {
  iterations: 160,
  tasksPerStep: 4,
  support: 20,
  query: 20,
  queryMix: 'natural',
  innerRate: 0.01,
  innerSteps: 1,
  order: 2,
  adapts: 'all',
  outerRate: 1e-3,
  beta1: 0.5,
};

/** What the meta-training goes on from: parameters, Adam's moments, and the number of meta-steps done. */
export interface MetaState {
  readonly params: ModelParams;
  readonly adam: AdamState<ModelParams>;
  readonly iteration: number;
}

/** The state before the first meta-step: zero moments. */
export const initMetaState = (params: ModelParams): MetaState => ({
  params,
  adam: initAdam(params),
  iteration: 0,
});

export interface MetaStep {
  /** Meta-steps done, this one included. */
  readonly iteration: number;
  /** Mean query loss after adaptation, at the parameters before this step. */
  readonly queryLoss: number;
  /** The same for each task of the step, by its number. */
  readonly tasks: readonly { readonly task: number; readonly queryLoss: number }[];
}

export interface MetaTrainHooks {
  /** Called after every step with what it measured and where training stands. */
  readonly onStep?: (step: MetaStep, state: MetaState) => void | Promise<void>;
  /** Stops after the step under way. */
  readonly signal?: AbortSignal;
  /** What to call a task in errors, by its number; the number itself if not given. */
  readonly nameOf?: (task: number) => string;
}

/**
 * Algorithm 1 of Finn et al. 2017 over inspection tasks: every step draws tasks, adapts to each one's support set, and
 * moves the initial parameters along Adam's direction for the mean query loss. Step i draws from `random.fork(i)`,
 * so that training goes on from a saved state as if it had never stopped.
 *
 * @throws when there are fewer tasks than a step needs, or a loss or the meta-gradient is not finite (naming tasks and step).
 */
export async function metaTrain(
  tasks: readonly TaskImages[],
  model: ModelConfig,
  options: MetaTrainOptions,
  start: MetaState,
  random: Random,
  { onStep, signal, nameOf = String }: MetaTrainHooks = {},
): Promise<MetaState> {
  const { tasksPerStep, support, query, queryMix, iterations } = options;
  if (tasks.length < tasksPerStep)
    throw new Error(
      `meta-train: ${tasksPerStep} tasks per step, but there are ${tasks.length} tasks to learn from`,
    );
  const metaStep = compileMetaStep(model, options);
  let state = start;
  while (state.iteration < iterations && !signal?.aborted) {
    const draw = random.fork(`meta-step ${state.iteration}`);
    const chosen = draw.shuffle(tasks.map((_, i) => i)).slice(0, tasksPerStep);
    const episodes = chosen.map((i) => {
      const shots = sampleEpisode(tasks[i].labels, {
        support,
        query,
        queryMix,
        random: draw.fork(`task ${i}`),
      });
      return { support: labelledPairs(tasks[i], shots.support), query: labelledPairs(tasks[i], shots.query) };
    });
    const next = await metaStep(state.params, state.adam, episodes, options.innerRate, options.outerRate);
    const { losses, squaredNorm } = await readMeasures(next.measures);
    const iteration = state.iteration + 1;
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
    state = { params: next.params, adam: next.adam, iteration };
    const queryLoss = losses.reduce((a, b) => a + b) / losses.length;
    const perTask = chosen.map((task, i) => ({ task, queryLoss: losses[i] }));
    await onStep?.({ iteration, queryLoss, tasks: perTask }, state);
  }
  return state;
}

/** One meta-step as one plan: inner loops, outer gradient and Adam. */
function compileMetaStep(model: ModelConfig, options: MetaTrainOptions) {
  const { innerSteps, order, adapts, beta1 } = options;
  return compile(
    (
      theta: ModelParams,
      moments: AdamState<ModelParams>,
      tasks: readonly TaskData<LabelledPairs>[],
      innerRate: Tensor,
      outerRate: Tensor,
    ) => {
      const inner: InnerLoop = {
        rate: innerRate,
        steps: innerSteps,
        order,
        adapts: adapts === 'head' ? (path) => path.startsWith('head.') : undefined,
      };
      const losses = queryLosses(loss(model), theta, tasks, inner);
      const gradient = grad(losses.reduce(add).div(losses.length), theta);
      const { params, state } = withScope(scopes.update, () =>
        adam(theta, gradient, moments, outerRate, { beta1 }),
      );
      // The losses come last: asked for first, all tasks' forward passes would be alive together.
      return { params, adam: state, measures: stepMeasures(losses, gradient) };
    },
    { donate: [0, 1] },
  );
}
