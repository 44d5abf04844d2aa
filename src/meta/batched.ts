import { type Tensor, type Tree, tree } from '../graph/index.ts';
import { concat, reshape } from '../ops/index.ts';
import { vmap } from '../vmap/index.ts';
import type { InnerLoop, Loss } from './inner-loop.ts';
import { queryLosses, type TaskData } from './maml.ts';

/**
 * Tasks of one structure and of equal shapes as one, whose leaves have a leading task axis.
 * @throws when there is no task, or two differ in structure, shapes or types.
 */
export function stackTasks<T extends Tree>(tasks: readonly T[]): T {
  if (tasks.length === 0) throw new Error('stackTasks: needs at least one task, got none');
  const entry = (x: Tensor) => reshape(x, [1, ...x.shape]);
  return tree.map((...leaves) => concat(leaves.map(entry), 0), tasks[0], ...tasks.slice(1));
}

/**
 * `queryLosses` of tasks stacked along a leading axis, [T]: all tasks run as one set of dispatches, with weights of their
 * own from the first inner step on. Their mean is the meta-objective.
 * @throws as `adapt` and `vmap` do.
 */
export const batchedQueryLosses = <P extends Tree, D extends Tree>(
  loss: Loss<P, D>,
  theta: P,
  { support, query }: TaskData<D>,
  inner: InnerLoop,
): Tensor =>
  vmap((task: { support: D; query: D }) => queryLosses(loss, theta, [task], inner)[0])({ support, query });
