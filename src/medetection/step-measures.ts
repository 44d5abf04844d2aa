import { type Tensor, type Tree, tree } from '../graph/index.ts';
import { add, concat } from '../ops/index.ts';

/**
 * What a training step tells about itself as one tensor, and so by one readback: its losses; the squared norm of its
 * gradient, which is not finite if any of the gradient's numbers is not; and what more there is.
 */
export function stepMeasures(
  losses: readonly Tensor[],
  gradient: Tree,
  more: readonly Tensor[] = [],
): Tensor {
  const squaredNorm = tree
    .leaves(gradient)
    .map((g) => g.square().sum())
    .reduce(add);
  return concat(
    [...losses, squaredNorm, ...more].map((values) => values.reshape([-1])),
    0,
  );
}

/** Reads back what {@link stepMeasures} computed of so many losses, and frees it. */
export async function readMeasures(
  measures: Tensor,
  losses: number,
): Promise<{
  readonly losses: readonly number[];
  readonly squaredNorm: number;
  readonly more: readonly number[];
}> {
  const values = Array.from(await measures.data());
  measures.dispose();
  return { losses: values.slice(0, losses), squaredNorm: values[losses], more: values.slice(losses + 1) };
}
