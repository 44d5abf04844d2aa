import { type BootstrapOptions, type Bootstrapped, bootstrap } from './bootstrap.ts';
import { accuracy, type Confusion, confusionMatrix, f1, precision, recall } from './confusion.ts';
import type { Labels, Scores } from './inputs.ts';
import { auroc, aurocOfDecisions, averagePrecision } from './ranking.ts';

/** Every single-number metric of one evaluation; each is NaN exactly where its own function says so. */
export interface Summary {
  readonly threshold: number;
  readonly confusion: Confusion;
  readonly accuracy: number;
  readonly recall: number;
  readonly precision: number;
  readonly f1: number;
  readonly auroc: number;
  readonly aurocOfDecisions: number;
  readonly averagePrecision: number;
}

/**
 * All metrics at once; decisions are `score >= threshold`, 0 by default (probability 1/2 for a logit).
 * @throws RangeError on unequal lengths, no samples, labels other than 0 and 1, or NaN.
 */
export const summary = (labels: Labels, scores: Scores, threshold = 0): Summary => {
  const confusion = confusionMatrix(labels, scores, threshold);
  return {
    threshold,
    confusion,
    accuracy: accuracy(confusion),
    recall: recall(confusion),
    precision: precision(confusion),
    f1: f1(confusion),
    auroc: auroc(labels, scores),
    aurocOfDecisions: aurocOfDecisions(labels, scores, threshold),
    averagePrecision: averagePrecision(labels, scores),
  };
};

/** The metrics of a summary that have an interval. */
export type Metric = Exclude<keyof Summary, 'threshold' | 'confusion'>;

/**
 * Confidence intervals of all metrics of a {@link summary} at this threshold, by {@link bootstrap}. The threshold is held: an interval
 * shows how much the test samples differ, not how much the choice of the threshold would.
 * @throws RangeError as `summary` and `bootstrap`.
 */
export const summaryIntervals = (
  labels: Labels,
  scores: Scores,
  threshold: number,
  options: BootstrapOptions,
): Bootstrapped<Metric> =>
  bootstrap(
    labels,
    scores,
    (drawnLabels, drawnScores) => {
      const { threshold: _, confusion, ...metrics } = summary(drawnLabels, drawnScores, threshold);
      return metrics;
    },
    options,
  );
