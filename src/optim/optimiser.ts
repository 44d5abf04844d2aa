import { type Tensor, type Tree, tree } from '../graph/index.ts';
import type { Operand } from '../ops/index.ts';

/** A learning rate: one for all tensors, or one for each by its dotted path (of any shape that broadcasts to it). */
export type Rate = Operand | ((path: string) => Operand);

/**
 * A rule of descent and what it remembers from step to step. All of it is graph, so that one may differentiate
 * through steps: MAML's inner loop does.
 */
export interface Optimiser {
  /** The state before the first step. */
  init<P extends Tree>(params: P): Tree;
  /** One step against the gradient. `state` is what `init` or the step before gave for the same tree. */
  step<P extends Tree>(params: P, gradient: P, state: Tree, rate: Rate): { params: P; state: Tree };
}

/** p - rate d, leaf by leaf: what every rule ends with, once it has chosen its direction d. */
export const descend = <P extends Tree>(params: P, direction: P, rate: Rate): P =>
  tree.mapWithPath(
    (path, p: Tensor, d: Tensor) => p.sub(d.mul(typeof rate === 'function' ? rate(path) : rate)),
    params,
    direction,
  );
