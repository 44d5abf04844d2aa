import { type Tree, tree, zeros } from '../graph/index.ts';
import { descend, type Optimiser, type Rate } from './optimiser.ts';

/**
 * One step of gradient descent with momentum (Polyak 1964, in the form of Sutskever et al. 2013, with the rate outside):
 * v = beta v + g, p = p - rate v. The velocity is zero before the first step.
 */
export function momentum<P extends Tree>(
  params: P,
  gradient: P,
  velocity: P,
  rate: Rate,
  beta = 0.9,
): { params: P; state: P } {
  const state = tree.map((v, g) => v.mul(beta).add(g), velocity, gradient);
  return { params: descend(params, state, rate), state };
}

/** Momentum as a rule. @param beta how much of the velocity is left after a step (default 0.9). */
export const momentumOptimiser = (beta?: number): Optimiser => ({
  init: (params) => tree.map((p) => zeros(p.shape), params),
  step: (params, gradient, state, rate) => momentum(params, gradient, state as typeof params, rate, beta),
});
