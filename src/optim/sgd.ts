import { type Tensor, type Tree, tree } from '../graph/index.ts';
import type { Operand } from '../ops/index.ts';

/** Gradient descent, p - rate g, leaf by leaf. */
export const sgd = <P extends Tree>(params: P, gradient: P, rate: Operand): P =>
  tree.map((p: Tensor, g: Tensor) => p.sub(g.mul(rate)), params, gradient);
