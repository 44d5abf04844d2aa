import { type DecisionRule, decide } from '../metrics/index.ts';
import type { Random } from '../random.ts';
import type { TaskImages } from './batch.ts';
import type { ModelParams } from './network.ts';
import type { Detector } from './scorer.ts';
import { crossEntropy, hostCopy, type Tuner, Tuning } from './tuning.ts';

/** Fewest photographs of each class: a fold must leave two good ones to compare with each other, and a bad one to learn from. */
export const fewest = { good: 3, bad: 2 } as const;

/** Up to so many photographs each is left out alone. */
const ONE_BY_ONE = 10;
/** Folds of more photographs than that. */
const FOLDS = 5;

/** What cross-validation shows. Every score is of a detector that has not learned from its photograph. */
export interface CrossValidation {
  /** Indices of the photographs that were left out together. */
  readonly folds: readonly (readonly number[])[];
  /** Epochs trained, by which the mean loss of photographs left out was lowest. */
  readonly epochs: number;
  /** That mean loss after every number of epochs, from 0 on. */
  readonly losses: readonly number[];
  /** The score of each photograph, after as many epochs as the other folds choose: its own has no say. */
  readonly scores: Float32Array;
  /** Whether each would be called defective, by the threshold that the scores of the other folds give. */
  readonly called: readonly boolean[];
}

export interface EnrolHooks {
  /** Trainings done, and in all. */
  readonly onTraining?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface Enrolled {
  readonly detector: Detector;
  readonly references: readonly number[];
  readonly validation: CrossValidation;
}

/** Deals the photographs of each class to folds, shuffled. */
export function dealFolds(labels: ArrayLike<number>, random: Random): number[][] {
  const count = Math.min(labels.length, labels.length <= ONE_BY_ONE ? ONE_BY_ONE : FOLDS);
  const folds: number[][] = Array.from({ length: count }, () => []);
  let next = 0;
  for (const label of [0, 1]) {
    const members = Array.from({ length: labels.length }, (_, i) => i).filter((i) => labels[i] === label);
    for (const i of random.fork(`folds ${label}`).shuffle(members)) folds[next++ % count].push(i);
  }
  return folds;
}

const lowest = (values: readonly number[]): number => values.indexOf(Math.min(...values));

/**
 * Adapts a network to a handful of photographs and finds out by cross-validation how far that can be trusted. The number of
 * epochs is that by which photographs left out are judged best; the detector is then trained by so many on all of them.
 *
 * Without bad photographs nothing is trained: the network judges as it is, with the references and the statistics of
 * the good ones, and how many defects it finds is not known.
 *
 * @param task all photographs, as {@link fewest} says or none bad.
 * @returns undefined when stopped.
 * @throws as `Tuning`, and when a score is not finite.
 */
export async function enrol(
  tuner: Tuner,
  task: TaskImages,
  params: ModelParams,
  random: Random,
  { onTraining, signal }: EnrolHooks = {},
): Promise<Enrolled | undefined> {
  const labels = Array.from(task.labels);
  const all = labels.map((_, i) => i);
  const epochs = labels.includes(1) ? tuner.options.epochs : 0;
  const folds = dealFolds(labels, random);

  /** The scores of the photographs left out, by the number of epochs; undefined when stopped. */
  const leaveOut = async (fold: readonly number[], draw: Random): Promise<Float32Array[] | undefined> => {
    const train = all.filter((i) => !fold.includes(i));
    const tuning = new Tuning(tuner, task, train, { params }, draw);
    const scores = [await tuning.scores(await tuning.detector(), fold)];
    for (let epoch = 1; epoch <= epochs; epoch++) {
      if ((await tuning.train(epoch, { signal })) === undefined) return undefined;
      scores.push(await tuning.scores(await tuning.detector(), fold));
    }
    return scores;
  };
  const byFold: Float32Array[][] = [];
  for (const [f, fold] of folds.entries()) {
    if (signal?.aborted) return undefined;
    const scores = await leaveOut(fold, random.fork(`fold ${f}`));
    if (scores === undefined) return undefined;
    byFold.push(scores);
    onTraining?.(f + 1, folds.length + 1);
  }

  const validation = crossValidate(folds, byFold, labels, tuner.options.decide);
  const tuning = new Tuning(tuner, task, all, { params }, random.fork('all'));
  for (let epoch = 1; epoch <= validation.epochs; epoch++)
    if ((await tuning.train(epoch, { signal })) === undefined) return undefined;
  const detector = await hostCopy({ ...(await tuning.detector()) });
  onTraining?.(folds.length + 1, folds.length + 1);
  return { detector: { model: tuner.model, ...detector }, references: tuning.references, validation };
}

/**
 * What is known from the scores of photographs left out.
 * @param byFold of each fold, the scores of its photographs after every number of epochs.
 */
export function crossValidate(
  folds: readonly (readonly number[])[],
  byFold: readonly (readonly Float32Array[])[],
  labels: readonly number[],
  rule: DecisionRule,
): CrossValidation {
  const labelsOf = (fold: readonly number[]) => fold.map((i) => labels[i]);
  /** The mean loss of the photographs of all folds but one, after every number of epochs. */
  const lossesWithout = (left?: number): number[] => {
    const others = [...folds.keys()].filter((f) => f !== left);
    const count = others.reduce((sum, f) => sum + folds[f].length, 0);
    const sums = byFold[0].map((_, epochs) =>
      others.reduce(
        (sum, f) => sum + folds[f].length * crossEntropy(byFold[f][epochs], labelsOf(folds[f])),
        0,
      ),
    );
    return sums.map((sum) => sum / count);
  };
  const scores = new Float32Array(labels.length);
  for (const [f, fold] of folds.entries()) {
    const chosen = byFold[f][lowest(lossesWithout(f))];
    for (const [k, i] of fold.entries()) scores[i] = chosen[k];
  }
  const called: boolean[] = [];
  for (const fold of folds) {
    const others = [...labels.keys()].filter((i) => !fold.includes(i));
    const { threshold } = decide(
      rule,
      labelsOf(others),
      Float32Array.from(others, (i) => scores[i]),
    );
    for (const i of fold) called[i] = scores[i] >= threshold;
  }
  const losses = lossesWithout();
  return { folds, epochs: lowest(losses), losses, scores, called };
}
