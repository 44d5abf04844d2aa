import { evaluate } from '../../compile/index.ts';
import { showShape, type Tensor } from '../../graph/index.ts';
import type { Finding } from '../certify.ts';
import { deviation } from '../compare.ts';

/** A tensor to be computed, and what it is to be. */
export interface Expectation {
  readonly check: string;
  /** Which tensor of the check. */
  readonly what: string;
  readonly actual: Tensor;
  readonly expected: ArrayLike<number>;
  readonly shape?: readonly number[];
  readonly bound: number;
  /** The largest magnitude beside which what is zero but for rounding is measured. */
  readonly among: number;
}

/** Computes all of a case together and keeps the worst of every check. */
export async function judge(
  op: string,
  name: string,
  expectations: readonly Expectation[],
): Promise<Finding[]> {
  for (const { what, actual, shape } of expectations)
    if (shape !== undefined && showShape(shape) !== showShape(actual.shape))
      throw new Error(`${what} has shape ${showShape(actual.shape)}, not ${showShape(shape)}`);
  const computed = await evaluate(expectations.map((e) => e.actual));
  const worst = new Map<string, Finding>();
  for (const [i, { check, what, expected, bound, among }] of expectations.entries()) {
    const actual = await computed[i].data();
    computed[i].dispose();
    const { error, at } = deviation(actual, expected, among);
    const known = worst.get(check);
    if (known !== undefined && known.error >= error) continue;
    const detail = `${what}: [${at}] is ${actual[at]}, not ${expected[at]}`;
    worst.set(check, { op, case: name, check, error, bound, ok: error <= bound, detail });
  }
  return [...worst.values()];
}

/** A case that could not be computed. */
export const unchecked = (op: string, name: string, error: unknown): Finding => ({
  op,
  case: name,
  check: 'value',
  error: Number.POSITIVE_INFINITY,
  bound: 0,
  ok: false,
  checked: false,
  detail: (error as Error).message,
});
