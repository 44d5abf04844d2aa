import * as assert from 'uvu/assert';

/** The largest magnitude in a list. */
export const magnitude = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, v) => Math.max(most, Math.abs(v)), 0);

/**
 * Largest difference relative to the largest magnitude expected. What is zero but for rounding (below 1e-9 of `among`,
 * the largest magnitude of the tensors it was computed with) is measured against `among`; zeros alone absolutely.
 */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>, among = 0): number {
  if (actual.length !== expected.length)
    throw new Error(`got ${actual.length} values, expected ${expected.length}`);
  const own = magnitude(expected);
  const scale = own > 1e-9 * among ? own : among;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]);
    worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(worst, error);
  }
  return scale > 0 ? worst / scale : worst;
}

/** Asserts that values agree within a fraction of the largest magnitude expected. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
  among = 0,
): void {
  const error = relativeError(actual, expected, among);
  assert.ok(error <= tolerance, `${what}: relative error ${error.toExponential(2)} exceeds ${tolerance}`);
}
