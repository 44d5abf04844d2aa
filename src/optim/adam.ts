import { type Tensor, type Tree, tensor, tree, zeros } from '../graph/index.ts';
import { greater, sqrt, sub, where } from '../ops/index.ts';
import { descend, type Optimiser, type Rate } from './optimiser.ts';

/** Moments of the gradient and the number of steps taken. */
export type AdamState<P extends Tree> = {
  readonly first: P;
  readonly second: P;
  /** Steps taken so far, a scalar: state like the moments, so that a compiled step need not be compiled again. */
  readonly step: Tensor;
};

/** The constants of Adam. */
export interface AdamOptions {
  /** Decay of the first moment (default 0.9). */
  readonly beta1?: number;
  /** Decay of the second moment (default 0.999). */
  readonly beta2?: number;
  /** Added to the root of the second moment (default 1e-8). */
  readonly eps?: number;
}

const noMoment = (p: Tensor): Tensor => tensor(new Float32Array(p.size), p.shape);

/** Zero moments for a tree of parameters. */
export const initAdam = <P extends Tree>(params: P): AdamState<P> => ({
  first: tree.map(noMoment, params),
  second: tree.map(noMoment, params),
  step: tensor(0),
});

/**
 * sqrt(v), with derivative 0 at v = 0 where the true one is infinite. That is exact in Adam: a second moment is 0 only when
 * every gradient so far was, so that the first moment m is 0 too, and d(m / (sqrt(v) + eps)) = dm / eps there, whatever dv is.
 */
function root(v: Tensor): Tensor {
  const some = greater(v, 0);
  return where(some, sqrt(where(some, v, 1)), 0);
}

/**
 * One step of Adam (Kingma & Ba 2015, Algorithm 1):
 * m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2, p = p - rate (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps).
 * Its derivatives are finite, also where the gradient is 0: there they are those of g / eps.
 */
export function adam<P extends Tree>(
  params: P,
  gradient: P,
  state: AdamState<P>,
  rate: Rate,
  { beta1 = 0.9, beta2 = 0.999, eps = 1e-8 }: AdamOptions = {},
): { params: P; state: AdamState<P> } {
  const step = state.step.add(1);
  const correction = (beta: number) => sub(1, step.mul(Math.log(beta)).exp());
  const [c1, c2] = [correction(beta1), correction(beta2)];
  const first = tree.map((m, g) => m.mul(beta1).add(g.mul(1 - beta1)), state.first, gradient);
  const second = tree.map((v, g) => v.mul(beta2).add(g.square().mul(1 - beta2)), state.second, gradient);
  const direction = tree.map((m, v) => m.div(c1).div(root(v.div(c2)).add(eps)), first, second);
  return { params: descend(params, direction, rate), state: { first, second, step } };
}

/** Adam as a rule. */
export const adamOptimiser = (options?: AdamOptions): Optimiser => ({
  init: (params) => {
    const none = tree.map((p) => zeros(p.shape), params);
    return { first: none, second: none, step: zeros([]) };
  },
  step: (params, gradient, state, rate) =>
    adam(params, gradient, state as AdamState<typeof params>, rate, options),
});
