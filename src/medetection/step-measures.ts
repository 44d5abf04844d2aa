import { type Tensor, tree } from '../graph/index.ts';
import { add, concat } from '../ops/index.ts';
import type { ModelParams } from './network.ts';

/**
 * What a training step tells about itself as one tensor, and so by one readback: its losses, and last the squared norm of
 * its gradient, which is not finite if any of the gradient's numbers is not.
 */
export function stepMeasures(losses: readonly Tensor[], gradient: ModelParams): Tensor {
  const squaredNorm = tree
    .leaves(gradient)
    .map((g) => g.square().sum())
    .reduce(add);
  return concat(
    [...losses, squaredNorm].map((value) => value.reshape([1])),
    0,
  );
}

/** Reads back what {@link stepMeasures} computed, and frees it. */
export async function readMeasures(
  measures: Tensor,
): Promise<{ readonly losses: readonly number[]; readonly squaredNorm: number }> {
  const values = Array.from(await measures.data());
  measures.dispose();
  return { losses: values.slice(0, -1), squaredNorm: values[values.length - 1] };
}
