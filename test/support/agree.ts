import * as assert from 'uvu/assert';
import type { Tensor } from '../../src/graph/index.ts';
import { relativeError } from './compare.ts';

/**
 * Asserts that values computed in f32 agree with float64: integers exactly, floats within `tolerance` of the largest
 * magnitude, NaN and infinities in the same places.
 */
export function assertAgree(
  node: Tensor,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  assert.is(actual.length, expected.length, `${what}: ${node}: number of values`);
  if (node.dtype === 'i32') {
    const wrong = Array.from(expected).findIndex((v, i) => v !== actual[i]);
    assert.ok(wrong < 0, `${what}: ${node}[${wrong}] is ${actual[wrong]}, not ${expected[wrong]}`);
    return;
  }
  const finite: [number, number][] = [];
  for (let i = 0; i < expected.length; i++)
    if (Number.isFinite(expected[i])) finite.push([actual[i], expected[i]]);
    else
      assert.ok(
        Object.is(actual[i], expected[i]),
        `${what}: ${node}[${i}] is ${actual[i]}, not ${expected[i]}`,
      );
  const error = relativeError(
    finite.map(([a]) => a),
    finite.map(([, e]) => e),
  );
  assert.ok(
    error <= tolerance,
    `${what}: ${node}: relative error ${error.toExponential(2)} exceeds ${tolerance}`,
  );
}
