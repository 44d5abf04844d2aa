import type { Tensor, Tree } from '../graph/index.ts';
import { add } from '../ops/index.ts';
import { adapt, type InnerLoop, type Loss } from './inner-loop.ts';

/*
 * Algorithm 1 of Finn et al. 2017, "Model-agnostic meta-learning for fast adaptation of deep networks":
 *
 *   3  sample a batch of tasks T_i ~ p(T)
 *   4  for all T_i do
 *   5    evaluate grad L_Ti(theta) on the support set
 *   6    theta'_i = theta - alpha grad L_Ti(theta)                      5 and 6 are `adapt`
 *   8  theta <- theta - beta grad sum_i L_Ti(theta'_i) on query sets    `metaLoss`, its `grad`, and an optimiser
 */

/** A task's two samples of data: adapt on the support set, judge on the query set. */
export interface TaskData<D> {
  readonly support: D;
  readonly query: D;
}

/** The query loss of every task after adaptation to its support set: the terms of line 8. */
export const queryLosses = <P extends Tree, D>(
  loss: Loss<P, D>,
  theta: P,
  tasks: readonly TaskData<D>[],
  inner: InnerLoop,
): Tensor[] =>
  tasks.map(({ support, query }) => {
    const { theta: adapted, steps } = adapt(loss, theta, support, inner);
    return loss(adapted, query, steps.length);
  });

/**
 * The meta-objective: the mean query loss over a batch of tasks (a mean where line 8 has a sum, so that beta does not
 * depend on how many tasks are drawn). Its gradient by theta is line 8's.
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
