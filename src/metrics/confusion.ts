import { checkSamples, checkThreshold, type Labels, type Scores } from './inputs.ts';

/** Counts of decisions against ground truth; "positive" is defective. */
export interface Confusion {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly falseNegative: number;
  readonly trueNegative: number;
}

/**
 * Decides `score >= threshold` for every sample and counts the outcomes.
 * A score exactly at the threshold is a positive decision. The default, 0, is probability 1/2 for a logit.
 * @throws RangeError on unequal lengths, no samples, labels other than 0 and 1, or NaN.
 */
export const confusionMatrix = (labels: Labels, scores: Scores, threshold = 0): Confusion => {
  checkSamples('confusionMatrix', labels, scores);
  checkThreshold('confusionMatrix', threshold);
  let truePositive = 0;
  let falsePositive = 0;
  let falseNegative = 0;
  let trueNegative = 0;
  for (let i = 0; i < labels.length; i++) {
    const decided = scores[i] >= threshold;
    if (Number(labels[i]) === 1) {
      if (decided) truePositive++;
      else falseNegative++;
    } else if (decided) falsePositive++;
    else trueNegative++;
  }
  return { truePositive, falsePositive, falseNegative, trueNegative };
};

/** Share of right decisions, (TP + TN) / all. NaN if all counts are 0. */
export const accuracy = (c: Confusion): number =>
  (c.truePositive + c.trueNegative) / (c.truePositive + c.falsePositive + c.falseNegative + c.trueNegative);

/** Share of the defective samples that were found, TP / (TP + FN). NaN if no sample is defective. */
export const recall = (c: Confusion): number => c.truePositive / (c.truePositive + c.falseNegative);

/**
 * Share of the positive decisions that were right, TP / (TP + FP).
 * With no positive decision it is 0 if there was something to find (scikit-learn's default) and NaN if there was not.
 */
export const precision = (c: Confusion): number => {
  const decided = c.truePositive + c.falsePositive;
  return decided === 0 && c.falseNegative > 0 ? 0 : c.truePositive / decided;
};

/**
 * Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN).
 * NaN only if no sample is defective and none was called so.
 */
export const f1 = (c: Confusion): number =>
  (2 * c.truePositive) / (2 * c.truePositive + c.falsePositive + c.falseNegative);
