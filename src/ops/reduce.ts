import type { Op } from '../graph/op.ts';
import { resolveAxes, showShape } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';
import { broadcastTo, finishReduce, type ReduceOptions, sum, sumKeep } from './broadcast.ts';
import { div, equal, mul, toFloat } from './elementwise.ts';

/** Elements that tie for the maximum share its derivative evenly. */
const maxOp: Op = {
  name: 'max',
  vjp: (node, g) => {
    const x = node.inputs[0];
    const isMax = toFloat(equal(x, broadcastTo(node, x.shape)));
    return [mul(isMax, div(g, sumKeep(isMax, node.attrs.axes as number[])))];
  },
  lowering: { kind: 'reduce', combine: 'max' },
};

/**
 * Arithmetic mean over the axes (all by default; negative ones count from the end).
 * @throws when x is not f32 or has no such axis.
 */
export function mean(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  if (x.dtype !== 'f32')
    throw new Error(`mean: takes f32 tensors, got ${x.dtype}${showShape(x.shape)}; convert with toFloat()`);
  const count = resolveAxes('mean', axes, x.shape).reduce((n, a) => n * x.shape[a], 1);
  return div(sum(x, axes, options), count);
}

/** Maximum over the axes (all by default; negative ones count from the end); elements that tie share its derivative. */
export function max(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  const list = resolveAxes('max', axes, x.shape);
  const reduced = list.filter((a) => x.shape[a] !== 1);
  const shape = x.shape.map((n, d) => (reduced.includes(d) ? 1 : n));
  const kept = reduced.length === 0 ? x : new Tensor(maxOp, [x], { axes: reduced }, shape, x.dtype);
  return finishReduce(kept, list, options);
}
