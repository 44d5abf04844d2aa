import type { Tree } from '../graph/index.ts';
import { descend, type Optimiser, type Rate } from './optimiser.ts';

/** Gradient descent, p - rate g, leaf by leaf. */
export const sgd = <P extends Tree>(params: P, gradient: P, rate: Rate): P => descend(params, gradient, rate);

/** Gradient descent as a rule; it remembers nothing. */
export const sgdOptimiser: Optimiser = {
  init: () => ({}),
  step: (params, gradient, state, rate) => ({ params: sgd(params, gradient, rate), state }),
};
