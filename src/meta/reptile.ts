import { type Tensor, type Tree, tree } from '../graph/index.ts';
import { add } from '../ops/index.ts';
import { adapt, type InnerLoop, type Loss } from './inner-loop.ts';

/*
 * Nichol, Achiam & Schulman 2018, "On first-order meta-learning algorithms", Algorithms 1 (one task, serial) and 2 (n tasks):
 *
 *   for i = 1..n: sample a task, phi_i = U(theta), K steps of an optimiser on its loss
 *   theta <- theta + eps 1/n sum_i (phi_i - theta)
 */

/**
 * Reptile's direction as a gradient, 1/n sum_i (theta - phi_i): `sgd(theta, reptileGradient(...), eps)` is the algorithm's
 * last line, and any optimiser may take it instead (section 3 there). No derivative of the inner loop is taken, and
 * there are no query sets; a loss that draws its batch by the step gives the paper's minibatches.
 * @param supports the data of each task; one for the serial algorithm.
 * @throws when there is no task, or as `adapt` does.
 */
export function reptileGradient<P extends Tree, D>(
  loss: Loss<P, D>,
  theta: P,
  supports: readonly D[],
  inner: InnerLoop,
): P {
  if (supports.length === 0) throw new Error('reptileGradient: needs at least one task, got none');
  const adapted = supports.map((support) => adapt(loss, theta, support, inner).theta);
  return towards(theta, adapted);
}

/** 1/n sum_i (theta - phi_i), of parameters already adapted. */
export const towards = <P extends Tree>(theta: P, adapted: readonly P[]): P =>
  tree.map(
    (p: Tensor, ...phis: Tensor[]) =>
      phis
        .map((phi) => p.sub(phi))
        .reduce(add)
        .div(phis.length),
    theta,
    ...adapted,
  );
