import { checkSamples, type Labels, type Scores } from './inputs.ts';

/** Cumulative counts as the threshold falls: one entry per distinct score, highest first; entry k counts `score >= thresholds[k]`. */
export interface Sweep {
  readonly thresholds: number[];
  readonly truePositives: number[];
  readonly falsePositives: number[];
  readonly positives: number;
  readonly negatives: number;
}

/**
 * Counts at every threshold that makes a difference, from one sort.
 * @throws RangeError on unequal lengths, no samples, labels other than 0 and 1, or NaN scores.
 */
export const sweep = (caller: string, labels: Labels, scores: Scores): Sweep => {
  checkSamples(caller, labels, scores);
  const order = Array.from({ length: scores.length }, (_, i) => i);
  // Not `scores[b] - scores[a]`: that is NaN for two equal infinities.
  order.sort((a, b) => (scores[a] > scores[b] ? -1 : scores[a] < scores[b] ? 1 : 0));
  const thresholds: number[] = [];
  const truePositives: number[] = [];
  const falsePositives: number[] = [];
  let positives = 0;
  let negatives = 0;
  for (let k = 0; k < order.length; k++) {
    const i = order[k];
    if (Number(labels[i]) === 1) positives++;
    else negatives++;
    const lastOfTie = k + 1 === order.length || scores[order[k + 1]] !== scores[i];
    if (lastOfTie) {
      thresholds.push(scores[i]);
      truePositives.push(positives);
      falsePositives.push(negatives);
    }
  }
  return { thresholds, truePositives, falsePositives, positives, negatives };
};
