import * as assert from 'uvu/assert';
import { deviation } from '../../src/certify/compare.ts';
import type { Tensor } from '../../src/graph/index.ts';

/** Asserts that values agree within a fraction of the largest magnitude expected. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
  among = 0,
): void {
  const { error, at } = deviation(actual, expected, among);
  assert.ok(
    error <= tolerance,
    `${what}: relative error ${error.toExponential(2)} exceeds ${tolerance}: [${at}] is ${actual[at]}, not ${expected[at]}`,
  );
}

/**
 * Asserts that a tensor's values, computed in f32, agree with float64: integers exactly, floats within `tolerance` of the
 * largest magnitude, NaN and infinities in the same places.
 */
export const assertAgree = (
  node: Tensor,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void => assertClose(actual, expected, node.dtype === 'i32' ? 0 : tolerance, `${what}: ${node}`);
