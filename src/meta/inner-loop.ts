import { grad } from '../autodiff/index.ts';
import { scopes, type Tensor, type Tree, tree, withScope, zeros } from '../graph/index.ts';
import { type Operand, stopGradient } from '../ops/index.ts';
import { type Optimiser, type Rate, sgdOptimiser } from '../optim/index.ts';

/**
 * L(theta, data): a scalar. `step` counts the inner steps taken to reach theta (0 at the start, K for the query loss), so
 * that a network may keep parameters or statistics of its own for every step, or a loss take another batch in each.
 */
export type Loss<P extends Tree, D> = (theta: P, data: D, step: number) => Tensor;

/** How the inner loop adapts parameters to a task. */
export interface InnerLoop {
  /** alpha, the inner learning rate; or that of each step (from 0) and tensor (by its dotted path). */
  readonly rate: Operand | ((step: number, path: string) => Operand);
  /** K, the number of inner gradient steps (default 1). */
  readonly steps?: number;
  /** 2 differentiates through the inner steps (MAML, the default); 1 takes their gradients as constants (FOMAML). */
  readonly order?: 1 | 2;
  /** Which parameters the inner loop adapts, by dotted path (default all). */
  readonly adapts?: (path: string) => boolean;
  /** Which parameters are zero before the first step, whatever their initial value (default none). */
  readonly zeroed?: (path: string) => boolean;
  /** The rule of descent (default gradient descent). */
  readonly optimiser?: Optimiser;
}

/** A step of the inner loop. */
export interface InnerStep<P extends Tree> {
  /** The parameters before the step. */
  readonly theta: P;
  /** The support loss there. */
  readonly loss: Tensor;
  /** Its gradient there, by all parameters. */
  readonly gradient: P;
}

/** What the inner loop gives. What is not asked for is never computed. */
export interface Adapted<P extends Tree> {
  /** The adapted parameters, a graph over the initial ones. */
  readonly theta: P;
  /** The support loss before each step. */
  readonly losses: readonly Tensor[];
  readonly steps: readonly InnerStep<P>[];
}

/** Refuses settings of the inner loop that would adapt nothing, or by another rule than the one asked for. */
function checkInner(theta: Tree, { steps = 1, order = 2, adapts, zeroed }: InnerLoop): void {
  if (!Number.isInteger(steps) || steps < 1)
    throw new Error(`adapt: steps ${steps} must be a positive integer, the number of inner gradient steps`);
  if (order !== 1 && order !== 2)
    throw new Error(`adapt: order ${order} must be 1 (first-order MAML) or 2 (through the inner gradients)`);
  const paths = tree.entries(theta).map(([path]) => path);
  for (const [name, chooses] of Object.entries({ adapts, zeroed }))
    if (chooses !== undefined && !paths.some((path) => chooses(path)))
      throw new Error(`adapt: \`${name}\` chooses none of the parameters ${paths.join(', ')}`);
}

/**
 * The inner loop of Algorithm 1 (Finn et al. 2017), lines 5 and 6:
 * theta' = theta - alpha grad L_support(theta), K times. The result is graph, so that it can be differentiated by theta.
 * @throws when `steps` is not a positive integer, `order` is neither 1 nor 2, or `adapts` or `zeroed` chooses no parameter.
 */
export function adapt<P extends Tree, D>(
  loss: Loss<P, D>,
  theta: P,
  support: D,
  inner: InnerLoop,
): Adapted<P> {
  checkInner(theta, inner);
  const { rate, steps: count = 1, order = 2, optimiser = sgdOptimiser } = inner;
  const { adapts = () => true, zeroed = () => false } = inner;
  const rateOf = (k: number): Rate => (typeof rate === 'function' ? (path) => rate(k, path) : rate);
  const steps: InnerStep<P>[] = [];
  let adapted = tree.mapWithPath((path, p) => (zeroed(path) ? zeros(p.shape) : p), theta);
  let state = optimiser.init(adapted);
  for (let k = 0; k < count; k++) {
    const before = adapted;
    const { support_k, gradient } = withScope(scopes.inner, () => {
      const support_k = loss(before, support, k);
      return { support_k, gradient: grad(support_k, before) };
    });
    steps.push({ theta: before, loss: support_k, gradient });
    const next = withScope(scopes.innerUpdate, () => {
      const direction = order === 1 ? tree.map(stopGradient, gradient) : gradient;
      return optimiser.step(before, direction, state, rateOf(k));
    });
    adapted = tree.mapWithPath((path, p, q) => (adapts(path) ? q : p), before, next.params);
    state = next.state;
  }
  return { theta: adapted, losses: steps.map((step) => step.loss), steps };
}
