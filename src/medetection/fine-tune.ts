import { type Decision, type DecisionRule, decide, type Summary, summary } from '../metrics/index.ts';
import type { AdamState } from '../optim/index.ts';
import type { Random } from '../random.ts';
import type { TaskImages } from './batch.ts';
import type { ModelConfig } from './config.ts';
import type { ModelParams } from './network.ts';
import type { Detector } from './scorer.ts';
import { crossEntropy, hostCopy, Tuner, Tuning, type TuningHooks } from './tuning.ts';

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

export interface FineTuneHooks extends TuningHooks {
  /** Called with every epoch that was measured, and with where training stands after it. */
  readonly onEpoch?: (
    epoch: Epoch,
    state: FineTuneState,
    references: readonly number[],
  ) => void | Promise<void>;
}

/**
 * Adapts a network to one task by Adam on its training part, and measures every epoch. The epoch to keep is chosen by
 * the loss on the validation part; the test part never decides anything. An epoch that is stopped leaves no trace.
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
  const labelsOf = (indices: readonly number[]) => indices.map((i) => task.labels[i]);
  const before = 'epochs' in start ? start : undefined;
  const from = before ?? { params: start as ModelParams };
  const tuning = new Tuning(new Tuner(model, options), task, parts.train, from, random);
  const { references } = tuning;
  const measure = async (trainLoss: number, last?: FineTuneState): Promise<FineTuneState> => {
    const detector = await tuning.detector();
    const validation = await tuning.scores(detector, parts.validation);
    const test = await tuning.scores(detector, parts.test);
    const validationLoss = crossEntropy(validation, labelsOf(parts.validation));
    const epoch: Epoch = {
      epoch: last?.epochs.length ?? 0,
      trainLoss,
      validationLoss,
      validation: summary(labelsOf(parts.validation), validation),
      test: summary(labelsOf(parts.test), test),
      best: last === undefined || validationLoss < bestOf(last.epochs).validationLoss,
    };
    const copy = await tuning.state();
    const statistics = () => hostCopy(detector.statistics);
    const state: FineTuneState = {
      ...copy,
      epochs: [...(last?.epochs ?? []), epoch],
      best: epoch.best ? { params: copy.params, statistics: await statistics() } : last!.best,
      bestScores: epoch.best ? { validation, test } : last!.bestScores,
    };
    await onEpoch?.(epoch, state, references);
    return state;
  };

  let state = before ?? (await measure(Number.NaN));
  let stopped: FineTuned['stopped'] | undefined = reasonToStop(state.epochs, options);
  while (stopped === undefined) {
    const trainLoss = await tuning.train(state.epochs.length, { onStep, signal });
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
