/** Measures of the figures that experiments collect. A value that is NaN is absent: no function counts it. */

const present = (values: readonly number[]): number[] => values.filter((value) => !Number.isNaN(value));

/** The mean; NaN of no values. */
export const mean = (values: readonly number[]): number => {
  const there = present(values);
  return there.reduce((a, b) => a + b, 0) / there.length;
};

/** The variance of a sample, by n - 1; NaN of fewer than two values. */
export const variance = (values: readonly number[]): number => {
  const there = present(values);
  const centre = mean(there);
  return there.length < 2
    ? Number.NaN
    : there.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (there.length - 1);
};

export interface Paired {
  /** Pairs of which both values are there. */
  readonly pairs: number;
  /** Those of which both values are finite: an epoch that was never reached is infinite. */
  readonly finite: number;
  /** Of first - second, over the finite pairs; the others are counted below. */
  readonly mean: number;
  readonly deviation: number;
  /** Pairs in which the first is larger, as large, smaller. */
  readonly larger: number;
  readonly equal: number;
  readonly smaller: number;
}

/** Compares values that belong together, such as two starts on the same target from the same seed. */
export function paired(first: readonly number[], second: readonly number[]): Paired {
  const pairs = first
    .map((value, i) => [value, second[i]] as const)
    .filter((pair) => !pair.some((value) => value === undefined || Number.isNaN(value)));
  const differences = pairs.filter((pair) => pair.every(Number.isFinite)).map(([a, b]) => a - b);
  const count = (holds: (a: number, b: number) => boolean) => pairs.filter(([a, b]) => holds(a, b)).length;
  return {
    pairs: pairs.length,
    finite: differences.length,
    mean: mean(differences),
    deviation: Math.sqrt(variance(differences)),
    larger: count((a, b) => a > b),
    equal: count((a, b) => a === b),
    smaller: count((a, b) => a < b),
  };
}

/** A loss is smooth once its relative change from epoch to epoch stays below this. */
export const SMOOTH = 0.05;

/**
 * Epochs until the training loss is smooth: the first epoch e >= 2 from which on the mean of the last three losses (of fewer at
 * the start), m, changes by less than 5 % per epoch, |m(k) - m(k-1)| < 0.05 m(k-1) for all k >= e. Infinity if the last epoch
 * still changes it by more.
 * @param losses mean training loss of epochs 1, 2, ...
 */
export function epochsToSmooth(losses: readonly number[]): number {
  const means = losses.map((_, i) => mean(losses.slice(Math.max(0, i - 2), i + 1)));
  const rough = means.findLastIndex(
    (value, i) => i > 0 && !(Math.abs(value - means[i - 1]) < SMOOTH * means[i - 1]),
  );
  const smooth = Math.max(rough + 1, 1);
  return smooth < losses.length ? smooth + 1 : Number.POSITIVE_INFINITY;
}
