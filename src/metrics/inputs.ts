/** One ground-truth label per image: 1 (or true) is defective, the positive class; 0 (or false) is normal. */
export type Labels = ArrayLike<number | boolean>;
/** One score per image; larger means more surely defective. Any scale: logits, probabilities, distances. */
export type Scores = ArrayLike<number>;

/**
 * Refuses inputs on which a metric would be silently wrong.
 * Infinite scores pass: they still have a rank. NaN has none.
 * @throws RangeError if the lengths differ, there is no sample, a label is not 0 or 1, or a score is NaN.
 */
export const checkSamples = (caller: string, labels: Labels, scores: Scores): void => {
  if (labels.length !== scores.length) {
    throw new RangeError(
      `${caller}: ${labels.length} labels but ${scores.length} scores: give one score per label`,
    );
  }
  if (labels.length === 0)
    throw new RangeError(`${caller}: no samples: give at least one label and its score`);
  for (let i = 0; i < labels.length; i++) {
    const label = Number(labels[i]);
    if (label !== 0 && label !== 1) {
      throw new RangeError(`${caller}: label ${i} is ${labels[i]}: labels are 0 (normal) or 1 (defective)`);
    }
    if (Number.isNaN(Number(scores[i]))) {
      throw new RangeError(`${caller}: score ${i} is NaN: a score that is not a number cannot be ranked`);
    }
  }
};

/** @throws RangeError if `threshold` is NaN. */
export const checkThreshold = (caller: string, threshold: number): void => {
  if (Number.isNaN(threshold)) throw new RangeError(`${caller}: the threshold is NaN: give a number`);
};
