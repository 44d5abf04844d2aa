import { grad } from '../autodiff/index.ts';
import type { Tensor, Tree } from '../graph/index.ts';
import {
  type Adapted,
  adapt,
  anil,
  atStep,
  boil,
  fomaml,
  type InnerLoop,
  implicitAdapt,
  initMetaSgd,
  initStepRates,
  type Loss,
  metaSgd,
  multiStepLoss,
  perStep,
  statisticsAlong,
  stepRates,
  type TaskData,
  towards,
  zeroing,
} from '../meta/index.ts';
import { byBatch, type Normalise, type Statistics } from '../nn/index.ts';
import { add, type Operand } from '../ops/index.ts';
import { adamOptimiser, momentumOptimiser, sgdOptimiser } from '../optim/index.ts';
import type { ModelConfig } from './config.ts';
import type { Algorithm, MetaTrainOptions } from './meta-options.ts';
import { type LabelledPairs, loss, type ModelParams } from './network.ts';

/** What meta-training learns: initial parameters, and a tree like them of inner rates where the algorithm learns those. */
export type Learned = {
  readonly params: ModelParams;
  readonly rates: ModelParams | { readonly [none: string]: never };
};

/** What may change from one meta-step to the next; numbers on the host, scalars in a plan. */
export interface Schedule<N extends Operand> {
  readonly innerRate: N;
  /** Of the query losses after each inner step, in the multi-step loss. */
  readonly weights: readonly N[];
  readonly firstOrder: boolean;
  /** Of the outer optimiser. */
  readonly outerRate: N;
}

const isNorm = (path: string): boolean => /\.norm\.(gamma|beta)$/.test(path);
const hasStepNorms = ({ algorithm, stepNorms }: MetaTrainOptions) => algorithm === 'maml++' && stepNorms;
export const hasStepStatistics = ({ algorithm, stepStatistics }: MetaTrainOptions) =>
  algorithm === 'maml++' && stepStatistics;

/** What an algorithm learns, before the first meta-step. */
export function initLearned(params: ModelParams, options: MetaTrainOptions): Learned {
  const { algorithm, innerSteps } = options;
  const innerRate = meanInnerRate(options);
  const rates =
    algorithm === 'meta-sgd'
      ? initMetaSgd(params, innerRate)
      : algorithm === 'maml++' && options.stepRates
        ? initStepRates(params, innerSteps, innerRate)
        : {};
  return { params: hasStepNorms(options) ? perStep(params, innerSteps, isNorm) : params, rates };
}

/** The parameters that adaptation starts from, as the network takes them. */
export const startOf = ({ params }: { params: ModelParams }, options: MetaTrainOptions): ModelParams =>
  hasStepNorms(options) ? atStep(params, 0, isNorm) : params;

/** The inner rate for a mean loss: the step of a summed one of K pairs is K times as long. */
export const meanInnerRate = ({ innerLoss, innerRate, support }: MetaTrainOptions): number =>
  innerLoss === 'sum' ? innerRate * support : innerRate;

/** The inner loops by which algorithms differ from MAML. */
const members: Partial<Record<Algorithm, (inner: InnerLoop, rates: Tree) => InnerLoop>> = {
  fomaml,
  reptile: fomaml,
  anil: (inner) => anil(inner),
  boil: (inner) => boil(inner),
  'meta-sgd': (inner, rates) => ({ ...inner, rate: metaSgd(rates) }),
};

/** The inner loop that an algorithm's options describe. */
export function innerLoop<N extends Operand>(
  options: MetaTrainOptions,
  rates: Tree,
  schedule: Schedule<N>,
): InnerLoop {
  const { algorithm, innerSteps, innerOptimiser, zeroHead } = options;
  const learnsStepRates = algorithm === 'maml++' && options.stepRates;
  const inner: InnerLoop = {
    rate: learnsStepRates ? stepRates(rates) : schedule.innerRate,
    steps: innerSteps,
    order: schedule.firstOrder ? 1 : 2,
    optimiser: { sgd: sgdOptimiser, momentum: momentumOptimiser(), adam: adamOptimiser() }[innerOptimiser],
  };
  const member = members[algorithm]?.(inner, rates) ?? inner;
  return zeroHead ? zeroing(member) : member;
}

/**
 * The loss of both loops, with the scales and shifts of each inner step where an algorithm learns those.
 * @param normalise how the network does at a step (default: by the batch).
 */
export const networkLoss =
  (
    model: ModelConfig,
    options: MetaTrainOptions,
    normalise: (step: number) => Normalise = () => byBatch,
  ): Loss<ModelParams, LabelledPairs> =>
  (params, batch, step) =>
    loss(model, normalise(step))(hasStepNorms(options) ? atStep(params, step, isNorm) : params, batch);

/** What a meta-step computes of its tasks. */
export interface MetaGradient {
  /** The query loss of every task after its inner loop. */
  readonly losses: readonly Tensor[];
  readonly adapted: readonly Adapted<ModelParams>[];
  /** The direction for the outer optimiser. */
  readonly gradient: Learned;
  /** What the normalisations of each task saw, step by step, where an algorithm keeps that. */
  readonly seen: readonly (readonly Statistics[])[];
}

/** The meta-gradient of an algorithm over a batch of tasks. */
export function metaGradient(
  model: ModelConfig,
  options: MetaTrainOptions,
  learned: Learned,
  tasks: readonly TaskData<LabelledPairs>[],
  schedule: Schedule<Tensor>,
): MetaGradient {
  const { algorithm, lambda, cgSteps } = options;
  const network = networkLoss(model, options);
  const inner = innerLoop(options, learned.rates, schedule);
  const adapted = tasks.map(({ support }) =>
    algorithm === 'imaml'
      ? implicitAdapt(network, learned.params, support, { ...inner, lambda, cgSteps })
      : adapt(network, learned.params, support, inner),
  );
  const losses = tasks.map(({ query }, i) => network(adapted[i].theta, query, options.innerSteps));
  const seen = hasStepStatistics(options)
    ? tasks.map((task, i) =>
        statisticsAlong((normalise) => networkLoss(model, options, () => normalise), adapted[i], task),
      )
    : [];
  if (algorithm === 'reptile') {
    const phis = adapted.map(({ theta }) => theta);
    return { losses, adapted, seen, gradient: { ...learned, params: towards(learned.params, phis) } };
  }
  const terms =
    algorithm === 'maml++' && options.multiStepLoss
      ? tasks.map(({ query }, i) => multiStepLoss(network, adapted[i], query, schedule.weights))
      : losses;
  return { losses, adapted, seen, gradient: grad(terms.reduce(add).div(tasks.length), learned) };
}
