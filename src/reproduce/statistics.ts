/** Location of a sample, with what is known about that of its population. */
export interface Summary {
  readonly median: number;
  /** 95 % confidence interval of the median. */
  readonly medianInterval: readonly [number, number];
  readonly mean: number;
  /** 95 % confidence interval of the mean. */
  readonly meanInterval: readonly [number, number];
}

/** The two-sided 95 % point of the normal distribution. */
const Z95 = 1.959964;

/**
 * Median and mean of a sample. The mean's interval is the normal one, mean +- z s / sqrt(n); the median's lies between the
 * order statistics of ranks n / 2 -+ z sqrt(n) / 2, which holds for any distribution. With an infinite value the mean is
 * infinite and has no interval (NaN).
 * @throws RangeError for fewer than two values, or one that is NaN.
 */
export function summarise(values: ArrayLike<number>): Summary {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  if (n < 2) throw new RangeError(`summarise: needs at least 2 values, got ${n}`);
  if (Number.isNaN(sorted[n - 1])) throw new RangeError('summarise: a value is NaN');
  const mean = sorted.reduce((a, b) => a + b) / n;
  const variance = sorted.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1);
  const half = Z95 * Math.sqrt(variance / n);
  const ranks = (Z95 * Math.sqrt(n)) / 2;
  return {
    median: (sorted[(n - 1) >> 1] + sorted[n >> 1]) / 2,
    medianInterval: [
      sorted[Math.max(0, Math.floor(n / 2 - ranks))],
      sorted[Math.min(n - 1, Math.ceil(n / 2 + ranks))],
    ],
    mean,
    meanInterval: [mean - half, mean + half],
  };
}
