import { grad } from '../autodiff/index.ts';
import { compile } from '../compile/index.ts';
import { batches, pairReferences, pickReferences } from '../data/index.ts';
import { type Tensor, tensor, tree } from '../graph/index.ts';
import { type Decision, type DecisionRule, decide, type Summary, summary } from '../metrics/index.ts';
import { type AdamState, adam, initAdam } from '../optim/index.ts';
import type { Random } from '../random.ts';
import { labelledPairs, type TaskImages } from './batch.ts';
import { checkScales, type ModelConfig } from './config.ts';
import { type LabelledPairs, loss, type ModelParams } from './network.ts';
import { drawScale } from './scales.ts';
import { type Detector, Scorer } from './scorer.ts';
import { readMeasures, stepMeasures } from './step-measures.ts';

/** Which defect-free references an image is judged by: all that were picked (the mean of the logits), or one of them drawn for it. */
export const referenceChoices = ['fixed', 'random'] as const;
export type ReferenceChoice = (typeof referenceChoices)[number];

export interface FineTuneOptions {
  /** Most epochs over the training part. */
  readonly epochs: number;
  /** Pairs per step. */
  readonly batch: number;
  /** Adam's rate and beta1. */
  readonly rate: number;
  readonly beta1: number;
  /** Adam's rate for the head, where it is another one. */
  readonly headRate?: number;
  /** Stops after this many epochs without a lower validation loss. */
  readonly patience: number;
  /** Defect-free references that are picked from the training part, to judge images by. */
  readonly references: number;
  readonly referenceChoice: ReferenceChoice;
  /** Sizes in pixels: one is drawn for each training step, and scores are means over all (default: the model's). */
  readonly scales?: readonly number[];
  /** How the decision threshold is chosen on the validation scores of the epoch that is kept. */
  readonly decide: DecisionRule;
  /** Only so many labelled pictures of the training part are used, half of them defective where there are (default: all). */
  readonly shots?: number;
  /** Most scratch memory of a step's plan, in MiB (default: as much as it takes): values are then computed anew instead of kept. */
  readonly memoryBudget?: number;
}

/** The schedule of MeDetection's fine-tuning (Adam 1e-4, batches of 64), stopped early. */
export const defaultFineTune: FineTuneOptions = {
  epochs: 15,
  batch: 64,
  rate: 1e-4,
  beta1: 0.5,
  patience: 5,
  references: 4,
  referenceChoice: 'fixed',
  decide: 'f1',
};

/** Indices of a task's images by part. The test part is only ever measured. */
export interface Parts {
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

/** One score per image of a part, in the part's order. */
export interface PartScores {
  readonly validation: Float32Array;
  readonly test: Float32Array;
}

export interface Epoch {
  /** Epochs done; 0 is the start, before any step. */
  readonly epoch: number;
  /** Mean loss over the epoch's steps; NaN at the start. */
  readonly trainLoss: number;
  readonly validationLoss: number;
  readonly validation: Summary;
  readonly test: Summary;
  /** Whether this is the best epoch so far by validation loss. */
  readonly best: boolean;
}

/** What fine-tuning goes on from: where it stood after its last whole epoch. All numbers are on the host. */
export interface FineTuneState {
  readonly params: ModelParams;
  readonly adam: AdamState<ModelParams>;
  /** All epochs measured so far, from 0 on. */
  readonly epochs: readonly Epoch[];
  /** The detector of the best of them. */
  readonly best: Omit<Detector, 'model'>;
  /** What that detector gave. */
  readonly bestScores: PartScores;
}

export interface FineTuned {
  /** The detector of the best epoch by validation loss. */
  readonly detector: Detector;
  readonly references: readonly number[];
  readonly epochs: readonly Epoch[];
  readonly best: Epoch;
  /** The threshold by `options.decide` on that epoch's validation scores. */
  readonly decision: Decision;
  /** What a longer fine-tuning goes on from. */
  readonly state: FineTuneState;
  /** Why training ended. */
  readonly stopped: 'epochs' | 'patience' | 'signal';
}

export interface FineTuneHooks {
  readonly onStep?: (done: number, total: number, trainLoss: number) => void;
  /** Called with every epoch that was measured, and with where training stands after it. */
  readonly onEpoch?: (
    epoch: Epoch,
    state: FineTuneState,
    references: readonly number[],
  ) => void | Promise<void>;
  /** Stops after the step under way; an epoch that is not whole leaves no trace. */
  readonly signal?: AbortSignal;
}

/** Mean binary cross-entropy of scores (logits) against labels. */
const bce = (scores: Float32Array, labels: readonly number[]): number =>
  scores.reduce((sum, z, i) => sum + Math.max(z, 0) - z * labels[i] + Math.log1p(Math.exp(-Math.abs(z))), 0) /
  scores.length;

/**
 * Adapts a network to one task by Adam on its training part, and measures every epoch. The epoch to keep is chosen by
 * the loss on the validation part; the test part never decides anything. Epoch i draws from `random.fork(i)`, so that
 * training goes on from a state as if it had never stopped.
 *
 * @param start the initial parameters, or the state to go on from.
 * @throws when a part lacks a class it needs, or a loss, the gradient or a score is not finite.
 */
export async function fineTune(
  task: TaskImages,
  parts: Parts,
  model: ModelConfig,
  options: FineTuneOptions,
  start: ModelParams | FineTuneState,
  random: Random,
  { onStep, onEpoch, signal }: FineTuneHooks = {},
): Promise<FineTuned> {
  checkScales(model, options.scales ?? []);
  const labelsOf = (indices: readonly number[]) => indices.map((i) => task.labels[i]);
  const normals = parts.train.filter((i) => task.labels[i] === 0);
  if (normals.length === 0)
    throw new Error('fine-tune: the training part has no normal image to serve as a reference');
  const trainLabels = labelsOf(parts.train);
  const references = pickReferences(trainLabels, options.references, random.fork('references')).map(
    (i) => parts.train[i],
  );
  const step = compileStep(model, options);
  const scorer = new Scorer(model, options);
  const pairUp = (indices: readonly number[], draw: Random) => {
    const chosen = pairReferences(indices, normals, draw);
    return indices.map((index, i) => ({ index, reference: chosen[i] }));
  };
  const statisticsBatches = [...batches(parts.train.length, 32, random.fork('statistics'))]
    .slice(0, 8)
    .map((batch, i) =>
      pairUp(
        batch.map((j) => parts.train[j]),
        random.fork(`statistics ${i}`),
      ),
    );

  const before = 'epochs' in start ? start : undefined;
  let params = before?.params ?? (start as ModelParams);
  let moments: AdamState<ModelParams> = before?.adam ?? initAdam(params);
  const measure = async (trainLoss: number, last?: FineTuneState): Promise<FineTuneState> => {
    const statistics = await scorer.statistics(params, task, statisticsBatches);
    const validation = await scorer.scores({ params, statistics }, task, parts.validation, references);
    const test = await scorer.scores({ params, statistics }, task, parts.test, references);
    const validationLoss = bce(validation, labelsOf(parts.validation));
    const epoch: Epoch = {
      epoch: last?.epochs.length ?? 0,
      trainLoss,
      validationLoss,
      validation: summary(labelsOf(parts.validation), validation),
      test: summary(labelsOf(parts.test), test),
      best: last === undefined || validationLoss < bestOf(last.epochs).validationLoss,
    };
    // A copy on the host: the arrays themselves are donated to the next step.
    const copy = await hostCopy({ params, adam: moments });
    const state: FineTuneState = {
      ...copy,
      epochs: [...(last?.epochs ?? []), epoch],
      best: epoch.best ? { params: copy.params, statistics: await hostCopy(statistics) } : last!.best,
      bestScores: epoch.best ? { validation, test } : last!.bestScores,
    };
    await onEpoch?.(epoch, state, references);
    return state;
  };

  /** Trains one epoch. Returns its mean loss, or undefined when stopped within it. */
  const trainEpoch = async (epoch: number): Promise<number | undefined> => {
    const draw = random.fork(`epoch ${epoch}`);
    const size = Math.min(options.batch, parts.train.length);
    const order = [...batches(parts.train.length, size, draw, 'drop')];
    let total = 0;
    for (const [i, batch] of order.entries()) {
      if (signal?.aborted) return undefined;
      const pairings = pairUp(
        batch.map((j) => parts.train[j]),
        draw.fork(`references ${i}`),
      );
      const next = await step(
        params,
        moments,
        labelledPairs(task, pairings, model, drawScale(options, draw.fork(`scale ${i}`))),
        options.rate,
      );
      const { losses, squaredNorm } = await readMeasures(next.measures, 1);
      for (const [what, value] of [
        ['loss', losses[0]],
        ['squared norm of the gradient', squaredNorm],
      ] as const)
        if (!Number.isFinite(value))
          throw new Error(
            `fine-tune: the ${what} is ${value} at epoch ${epoch}, step ${i + 1}; lower the rate`,
          );
      ({ params, adam: moments } = next);
      total += losses[0];
      onStep?.(i + 1, order.length, losses[0]);
    }
    return total / order.length;
  };

  let state = before ?? (await measure(Number.NaN));
  let stopped: FineTuned['stopped'] | undefined = reasonToStop(state.epochs, options);
  while (stopped === undefined) {
    const trainLoss = await trainEpoch(state.epochs.length);
    if (trainLoss === undefined) stopped = 'signal';
    else {
      state = await measure(trainLoss, state);
      stopped = reasonToStop(state.epochs, options);
    }
  }
  const { epochs } = state;
  return {
    detector: { model, ...state.best },
    references,
    epochs,
    best: bestOf(epochs),
    decision: decide(options.decide, labelsOf(parts.validation), state.bestScores.validation),
    state,
    stopped,
  };
}

/** The epoch of the lowest validation loss, the first of them. */
export const bestOf = (epochs: readonly Epoch[]): Epoch => epochs.findLast(({ best }) => best)!;

function reasonToStop(epochs: readonly Epoch[], options: FineTuneOptions): 'patience' | 'epochs' | undefined {
  const done = epochs.length - 1;
  if (done - bestOf(epochs).epoch >= options.patience) return 'patience';
  return done >= options.epochs ? 'epochs' : undefined;
}

function compileStep(model: ModelConfig, { beta1, headRate, memoryBudget }: FineTuneOptions) {
  return compile(
    (params: ModelParams, moments: AdamState<ModelParams>, batch: LabelledPairs, rate: Tensor) => {
      const value = loss(model)(params, batch);
      const gradient = grad(value, params);
      const rates = (path: string) => (headRate !== undefined && path.startsWith('head.') ? headRate : rate);
      const next = adam(params, gradient, moments, rates, { beta1 });
      return { params: next.params, adam: next.state, measures: stepMeasures([value], gradient) };
    },
    { donate: [0, 1], memoryBudget: memoryBudget && memoryBudget * 2 ** 20 },
  );
}

/** The same tree with its numbers on the host. */
export async function hostCopy<T extends tree.Tree>(values: T): Promise<T> {
  const copies = await Promise.all(tree.leaves(values).map(async (t) => tensor(await t.data(), t.shape)));
  return tree.withLeaves(values, copies);
}
