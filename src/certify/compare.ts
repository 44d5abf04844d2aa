/** The largest finite magnitude in a list. */
export const magnitude = (values: ArrayLike<number>): number => {
  let most = 0;
  for (let i = 0; i < values.length; i++)
    if (Number.isFinite(values[i])) most = Math.max(most, Math.abs(values[i]));
  return most;
};

/** The largest error of a list of values, and where it is. */
export interface Deviation {
  readonly error: number;
  readonly at: number;
}

/**
 * Largest difference relative to the largest magnitude expected. What is zero but for rounding (below 1e-9 of `among`,
 * the largest magnitude of the tensors it was computed with) is measured against `among`; zeros alone absolutely. Where
 * NaN or an infinity is expected, anything else is infinitely wrong.
 * @throws when the lists differ in length.
 */
export function deviation(actual: ArrayLike<number>, expected: ArrayLike<number>, among = 0): Deviation {
  if (actual.length !== expected.length)
    throw new Error(`got ${actual.length} values, expected ${expected.length}`);
  const own = magnitude(expected);
  const scale = own > 1e-9 * among ? own : among;
  let [worst, at] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const difference = Object.is(actual[i], expected[i]) ? 0 : Math.abs(actual[i] - expected[i]);
    const error = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    if (error > worst) [worst, at] = [error, i];
  }
  return { error: scale > 0 ? worst / scale : worst, at };
}

/** The error of {@link deviation} alone. */
export const relativeError = (actual: ArrayLike<number>, expected: ArrayLike<number>, among = 0): number =>
  deviation(actual, expected, among).error;
