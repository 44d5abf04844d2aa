import { grad } from '../autodiff/index.ts';
import { type Tensor, type Tree, tree } from '../graph/index.ts';
import { add, type Operand, stopGradient } from '../ops/index.ts';

/** A task's two samples of data: adapt on the support set, judge on the query set. */
export interface TaskData<D> {
  readonly support: D;
  readonly query: D;
}

/** L(theta, data): a scalar. */
export type Loss<P extends Tree, D> = (theta: P, data: D) => Tensor;

/** How the inner loop adapts parameters to a task. */
export interface InnerLoop {
  /** alpha, the inner learning rate. */
  readonly rate: Operand;
  /** K, the number of inner gradient steps (default 1). */
  readonly steps?: number;
  /** 2 differentiates through the inner steps (MAML, the default); 1 takes their gradients as constants (FOMAML). */
  readonly order?: 1 | 2;
  /** Which parameters the inner loop adapts, by dotted path (default all; only the head gives ANIL). */
  readonly adapts?: (path: string) => boolean;
}

/** What the inner loop gives. */
export interface Adapted<P extends Tree> {
  /** The adapted parameters, a graph over the initial ones. */
  readonly theta: P;
  /** The support loss before each step. */
  readonly losses: readonly Tensor[];
}

/** Refuses settings of the inner loop that would adapt nothing, or by another rule than the one asked for. */
function checkInner(theta: Tree, { steps = 1, order = 2, adapts }: InnerLoop): void {
  if (!Number.isInteger(steps) || steps < 1)
    throw new Error(`adapt: steps ${steps} must be a positive integer, the number of inner gradient steps`);
  if (order !== 1 && order !== 2)
    throw new Error(`adapt: order ${order} must be 1 (first-order MAML) or 2 (through the inner gradients)`);
  if (adapts === undefined) return;
  const paths = tree.entries(theta).map(([path]) => path);
  if (!paths.some((path) => adapts(path)))
    throw new Error(`adapt: \`adapts\` chooses none of the parameters ${paths.join(', ')}`);
}

/**
 * The inner loop of Algorithm 1 (Finn et al. 2017), lines 5 and 6:
 * theta' = theta - alpha grad L_support(theta), K times. The result is graph, so that it can be differentiated by theta.
 * @throws when `steps` is not a positive integer, `order` is neither 1 nor 2, or `adapts` chooses no parameter.
 */
export function adapt<P extends Tree, D>(
  loss: Loss<P, D>,
  theta: P,
  support: D,
  inner: InnerLoop,
): Adapted<P> {
  checkInner(theta, inner);
  const { rate, steps = 1, order = 2, adapts = () => true } = inner;
  const losses: Tensor[] = [];
  let adapted = theta;
  for (let k = 0; k < steps; k++) {
    const support_k = loss(adapted, support);
    const gradient = grad(support_k, adapted);
    adapted = tree.mapWithPath(
      (path, p, g) => (adapts(path) ? p.sub((order === 1 ? stopGradient(g) : g).mul(rate)) : p),
      adapted,
      gradient,
    );
    losses.push(support_k);
  }
  return { theta: adapted, losses };
}

/** The query loss of every task after adaptation to its support set: the terms of Algorithm 1's meta-objective. */
export const queryLosses = <P extends Tree, D>(
  loss: Loss<P, D>,
  theta: P,
  tasks: readonly TaskData<D>[],
  inner: InnerLoop,
): Tensor[] => tasks.map((task) => loss(adapt(loss, theta, task.support, inner).theta, task.query));

/**
 * The meta-objective: the mean query loss over a batch of tasks. Its gradient by theta is line 8's.
 * @throws when there is no task, or as `adapt` does.
 */
export function metaLoss<P extends Tree, D>(
  loss: Loss<P, D>,
  theta: P,
  tasks: readonly TaskData<D>[],
  inner: InnerLoop,
): Tensor {
  if (tasks.length === 0) throw new Error('metaLoss: needs at least one task, got none');
  return queryLosses(loss, theta, tasks, inner).reduce(add).div(tasks.length);
}
