import { Random } from '../../random.ts';
import type { Finding } from '../certify.ts';

/*
 * Derivatives at kinks. relu, |x| and max pooling are linear in pieces. Where an activation is nearer to the next piece than
 * the rounding of what led to it, float32 may be on one and float64 on the other: both are right, and their gradients differ by
 * a jump that has nothing to do with rounding. So a gradient past its bound is computed again at inputs that differ from the
 * given ones by 1e-7 to 1e-6, no more than the network's own rounding amounts to, and passes where it is within the same bound
 * at one of them, in all tensors at once: it is then what was expected, for inputs that those given
 * stand for as well (the backward error of numerical analysis). No bound is wider for it and nothing is mixed from several
 * inputs, so that a wrong rule, which is wrong at all of them, does not pass.
 */

/** Changes of the inputs, relative, from the smallest: 2, 4, 8 and 16 times the largest rounding of one float32, 4 times each. */
const CHANGES = [2 ** -23, 2 ** -22, 2 ** -21, 2 ** -20].flatMap((change) =>
  new Array<number>(4).fill(change),
);

/** Every value greater or smaller by the relative `change`, by chance. */
const changed = (values: ArrayLike<number>, change: number, random: Random): Float32Array =>
  Float32Array.from(values, (v) => v * (1 + (random.next() < 0.5 ? change : -change)));

/** Gives other numbers in the place of an input's. */
export type Change = (values: ArrayLike<number>) => Float32Array;

/**
 * A finding about a gradient or, where that is past its bound, the first at neighbours of its inputs that is within it, with
 * a note that says so; the finding itself where there is none, or a number is missing, which no kink explains.
 * @param check the same check at inputs that are changed
 */
export async function besideKinks(
  finding: Finding,
  check: (change: Change) => Promise<Finding>,
  signal?: AbortSignal,
): Promise<Finding> {
  if (finding.ok || !Number.isFinite(finding.error)) return finding;
  const random = new Random('neighbours');
  for (const [k, size] of CHANGES.entries()) {
    if (signal?.aborted) return finding;
    const draws = random.fork(String(k));
    const beside = await check((values) => changed(values, size, draws));
    if (beside.ok) return { ...beside, note: noteOf(finding, beside, size) };
  }
  const widest = shown(Math.max(...CHANGES));
  const detail = `${finding.detail}, and at ${CHANGES.length} inputs that differ by up to ${widest} it is past the bound too`;
  return { ...finding, detail };
}

const shown = (x: number): string => x.toExponential(1);

const noteOf = ({ error, bound }: Finding, beside: Finding, size: number): string =>
  `the inputs are at a kink, with another gradient on either side: error ${shown(error)} exceeds ${shown(bound)} there, and is ${shown(beside.error)} at inputs that differ by ${shown(size)}`;
