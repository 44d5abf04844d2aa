import type { Op } from '../graph/op.ts';
import { subgraph, substitute } from '../graph/subgraph.ts';
import { Tensor } from '../graph/tensor.ts';
import { pullback } from './grad.ts';
import { floats, withRule } from './with-rule.ts';

/** The value of x, for computations that must not begin before the others exist. */
const recomputeOp: Op = {
  name: 'recompute',
  vjp: (node, g) => node.inputs.map((_, i) => (i === 0 ? g : null)),
  lowering: { kind: 'view', view: 'after' },
};

const recompute = (x: Tensor, after: readonly Tensor[]): Tensor =>
  new Tensor(recomputeOp, [x, ...after], {}, x.shape, x.dtype);

/**
 * `f`, a pure function that returns a tree of tensors, with its intermediates computed anew by the backward pass instead of
 * being kept for it (Chen et al. 2016, "Training deep nets with sublinear memory cost"). Kept are the tensors that f
 * reads, arguments and captured ones. A chain of n equal layers in sqrt(n) checkpoints needs memory for about 2 sqrt(n)
 * of them, and one more forward pass. Derivatives of derivatives recompute what the backward pass has computed alike.
 */
export const checkpoint =
  <A extends readonly unknown[], R>(f: (...args: A) => R): ((...args: A) => R) =>
  (...args) =>
    recomputed(() => f(...args));

/** What `build` gives, with a derivative that computes its value again first, once there are cotangents to pull back. */
function recomputed<R>(build: () => R): R {
  const { result, reads } = subgraph(build);
  const outputs = floats(result);
  return withRule('checkpoint', result, reads, (inputs, _, cotangents) => {
    const anew = inputs.map((x) => recompute(x, cotangents));
    const again = substitute(outputs, reads, anew);
    return recomputed(() => pullback(again, cotangents, anew, new Set(anew)));
  });
}
