import { customVjp, hvp } from '../autodiff/index.ts';
import { type Tensor, type Tree, tree } from '../graph/index.ts';
import type { Operand } from '../ops/index.ts';
import { conjugateGradient, dot } from './conjugate-gradient.ts';
import { type Adapted, adapt, type InnerLoop, type Loss } from './inner-loop.ts';

/** How implicit MAML adapts: all parameters, by any rule of descent, since no derivative of the steps is taken. */
export interface ImplicitLoop extends Omit<InnerLoop, 'order' | 'adapts' | 'zeroed'> {
  /** lambda, the weight of the distance to the initial parameters. */
  readonly lambda: Operand;
  /** Iterations of conjugate gradients for the meta-gradient. */
  readonly cgSteps: number;
}

/**
 * Implicit MAML (Rajeswaran et al. 2019). The inner loop seeks the minimiser phi of the proximal objective (eq. 3)
 *
 *   G(phi, theta) = L_support(phi) + lambda/2 |phi - theta|^2,
 *
 * at which grad L_support(phi) + lambda (phi - theta) = 0, and so dphi/dtheta = (I + H/lambda)^-1 with H the Hessian of
 * L_support at phi (lemma 1). A cotangent v of phi thus gives (I + H/lambda)^-1 v, solved by conjugate gradients on Hessian-vector
 * products; the way to phi takes no memory. As good as the inner loop has converged: take steps enough.
 *
 * The result stands where `adapt`'s would: differentiate the query loss of its `theta` by the initial parameters.
 * @throws as `adapt`, and when `cgSteps` is not a positive integer.
 */
export function implicitAdapt<P extends Tree, D>(
  loss: Loss<P, D>,
  theta: P,
  support: D,
  { lambda, cgSteps, ...inner }: ImplicitLoop,
): Adapted<P> {
  if (!Number.isInteger(cgSteps) || cgSteps < 1)
    throw new Error(`implicitAdapt: cgSteps ${cgSteps} must be a positive integer`);
  const descend = (start: P, data: D): Adapted<P> => {
    const proximal: Loss<P, D> = (phi, batch, step) => {
      const away = tree.map((p, q) => p.sub(q), phi, start);
      return loss(phi, batch, step).add(dot(away, away).div(2).mul(lambda));
    };
    return adapt(proximal, start, data, { ...inner, order: 1 });
  };
  const taken = descend(theta, support);
  // The support set is an argument, so that the rule finds the one of every task in a batch; nothing is differentiated by it.
  const minimiser = customVjp(
    (leaves: readonly Tensor[], data: D): P => descend(tree.withLeaves(theta, leaves), data).theta,
    ({ args: [, data], output: phi }, v) => {
      const value = loss(phi, data, taken.steps.length);
      const product = (u: P): P => tree.map((x, hx) => x.add(hx.div(lambda)), u, hvp(value, phi, u));
      return [tree.leaves(conjugateGradient(product, v, cgSteps)), null];
    },
  );
  return { ...taken, theta: minimiser(tree.leaves(theta), support) };
}
