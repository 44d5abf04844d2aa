import { type Tensor, type Tree, tree } from '../graph/index.ts';
import { concat } from '../ops/index.ts';
import type { Adapted, InnerLoop } from './inner-loop.ts';

/** The paths of the tensors that an inner loop adapts, in the order of the tree. */
export const adaptedPaths = (theta: Tree, { adapts = () => true }: Pick<InnerLoop, 'adapts'>): string[] =>
  tree
    .entries(theta)
    .map(([path]) => path)
    .filter(adapts);

/**
 * What an inner loop tells of itself, as one small tensor for {@link checkInnerSteps}: the squared norm of each adapted
 * tensor before the first step; then for every step the support loss before it, and the squared norm of what it adds to
 * each of them. Of shape [T + K (1 + T)].
 * @param paths of the T tensors that are adapted: {@link adaptedPaths}.
 */
export function innerMeasures<P extends Tree>(
  { theta, steps }: Adapted<P>,
  paths: readonly string[],
): Tensor {
  const tensors = [...steps.map((step) => step.theta), theta].map((theta_k) => {
    const byPath = new Map(tree.entries(theta_k));
    return paths.map((path) => byPath.get(path)!);
  });
  const squaredNorm = (t: Tensor) => t.square().sum();
  const measures = [
    ...tensors[0].map(squaredNorm),
    ...steps.flatMap(({ loss }, k) => [
      loss,
      ...tensors[k + 1].map((after, i) => squaredNorm(after.sub(tensors[k][i]))),
    ]),
  ];
  return concat(
    measures.map((value) => value.reshape([1])),
    0,
  );
}

/** How {@link checkInnerSteps} judges, and what it says of where. */
export interface InnerCheck {
  /** What the error begins with: who adapted to which task. */
  readonly where: string;
  /** A step explodes when it adds more than so many times a tensor's norm before the first step, or 1 if that is less. */
  readonly explodes?: number;
}

/**
 * Looks through the measures of an inner loop for the first step that went wrong.
 * @param measures the numbers of {@link innerMeasures}.
 * @throws naming the step and the tensor when a loss or a step is not finite, or a step explodes. Of several tensors that
 * are not finite the last is named: the backward pass meets it first.
 */
export function checkInnerSteps(
  measures: readonly number[],
  paths: readonly string[],
  { where, explodes = Number.POSITIVE_INFINITY }: InnerCheck,
): void {
  const count = paths.length;
  const norms = measures.slice(0, count).map(Math.sqrt);
  for (let k = 0, at = count; at < measures.length; k++, at += 1 + count) {
    const loss = measures[at];
    const added = measures.slice(at + 1, at + 1 + count).map(Math.sqrt);
    const fail = (i: number, what: string): never => {
      throw new Error(
        `${where}: inner step ${k + 1}: ${what} ${paths[i]} is ${added[i]} (loss ${loss} before it); lower the inner rate`,
      );
    };
    const broken = added.findLastIndex((norm) => !Number.isFinite(norm));
    if (broken >= 0) fail(broken, 'the norm of what it adds to');
    if (!Number.isFinite(loss)) throw new Error(`${where}: inner step ${k + 1}: the support loss is ${loss}`);
    const bounds = norms.map((norm) => explodes * Math.max(norm, 1));
    const exploded = added.findIndex((norm, i) => norm > bounds[i]);
    if (exploded >= 0) fail(exploded, `it explodes: the norm of what it adds to`);
  }
}
