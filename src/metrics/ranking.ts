import { confusionMatrix, recall } from './confusion.ts';
import type { Labels, Scores } from './inputs.ts';
import { sweep } from './sweep.ts';

/**
 * Area under the ROC curve: the probability that a defective sample scores above a normal one, a tie counting one half
 * (the Mann-Whitney statistic with mid-ranks, which equals the trapezoidal area). Exact: integer counts and one division.
 * @returns NaN if only one class is present.
 * @throws RangeError on unequal lengths, no samples, labels other than 0 and 1, or NaN scores.
 */
export const auroc = (labels: Labels, scores: Scores): number => {
  const { truePositives, falsePositives, positives, negatives } = sweep('auroc', labels, scores);
  let twiceU = 0;
  let above = 0;
  let previousFalse = 0;
  for (let k = 0; k < truePositives.length; k++) {
    // The negatives of this tie lose to every positive above and draw with the positives of the tie.
    twiceU += (falsePositives[k] - previousFalse) * (above + truePositives[k]);
    above = truePositives[k];
    previousFalse = falsePositives[k];
  }
  return twiceU / (2 * positives * negatives);
};

/**
 * Average precision: the sum over distinct scores, highest first, of (recall gained) x (precision there); no interpolation.
 * @returns NaN if no sample is defective.
 * @throws RangeError on unequal lengths, no samples, labels other than 0 and 1, or NaN scores.
 */
export const averagePrecision = (labels: Labels, scores: Scores): number => {
  const { truePositives, falsePositives, positives } = sweep('averagePrecision', labels, scores);
  let sum = 0;
  let previous = 0;
  for (let k = 0; k < truePositives.length; k++) {
    sum += ((truePositives[k] - previous) * truePositives[k]) / (truePositives[k] + falsePositives[k]);
    previous = truePositives[k];
  }
  return sum / positives;
};

/** A ROC curve: point k is what `score >= thresholds[k]` gives. */
export interface RocCurve {
  /** False positive rate, from 0 to 1; all NaN if no sample is normal. */
  readonly fpr: number[];
  /** True positive rate, from 0 to 1; all NaN if no sample is defective. */
  readonly tpr: number[];
  /** Falling; the first is Infinity, where nothing is called defective. */
  readonly thresholds: number[];
}

/**
 * The ROC curve, one point per distinct score after (0, 0).
 * With `dropIntermediate`, points inside runs of equal steps are left out by scikit-learn's rule: same line, fewer points to draw.
 * @throws RangeError on unequal lengths, no samples, labels other than 0 and 1, or NaN scores.
 */
export const rocCurve = (
  labels: Labels,
  scores: Scores,
  { dropIntermediate = false }: { readonly dropIntermediate?: boolean } = {},
): RocCurve => {
  const s = sweep('rocCurve', labels, scores);
  const last = s.thresholds.length - 1;
  const bends = (counts: number[], k: number) => counts[k + 1] - counts[k] !== counts[k] - counts[k - 1];
  const fpr = [0 / s.negatives];
  const tpr = [0 / s.positives];
  const thresholds = [Number.POSITIVE_INFINITY];
  for (let k = 0; k <= last; k++) {
    const kept = k === 0 || k === last || bends(s.falsePositives, k) || bends(s.truePositives, k);
    if (dropIntermediate && !kept) continue;
    fpr.push(s.falsePositives[k] / s.negatives);
    tpr.push(s.truePositives[k] / s.positives);
    thresholds.push(s.thresholds[k]);
  }
  return { fpr, tpr, thresholds };
};

/**
 * AUROC of the hard decisions `score >= threshold` in place of the scores. Its curve has one corner, so it equals balanced
 * accuracy, (TPR + TNR) / 2. Some published figures are this and not the AUROC of scores: print both when comparing.
 * @returns NaN if only one class is present.
 * @throws RangeError on unequal lengths, no samples, labels other than 0 and 1, or NaN.
 */
export const aurocOfDecisions = (labels: Labels, scores: Scores, threshold = 0): number => {
  const c = confusionMatrix(labels, scores, threshold);
  return (recall(c) + c.trueNegative / (c.trueNegative + c.falsePositive)) / 2;
};
