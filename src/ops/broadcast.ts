import type { Op } from '../graph/op.ts';
import { resolveAxes, type Shape, sameShape, showShape } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';
import { reshape } from './movement.ts';

/* Sum and broadcast: each one's adjoint is the other. */

const expandOp: Op = {
  name: 'expand',
  vjp: (node, g) => [sumTo(g, node.inputs[0].shape)],
  lowering: { kind: 'view', view: 'expand' },
};

const sumOp: Op = {
  name: 'sum',
  vjp: (node, g) => [broadcastTo(g, node.inputs[0].shape)],
  lowering: { kind: 'reduce', combine: 'sum' },
};

/**
 * Repeats x along axes of extent 1 (and new leading axes) until it has the shape.
 * @throws when x does not broadcast to it.
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  // Repeated twice is repeated once; so the adjoint is one sum.
  if (x.op === expandOp) return broadcastTo(x.inputs[0], shape);
  const aligned = [...new Array<number>(Math.max(0, shape.length - x.rank)).fill(1), ...x.shape];
  if (aligned.length !== shape.length || aligned.some((n, d) => n !== shape[d] && n !== 1))
    throw new Error(`broadcastTo: ${showShape(x.shape)} does not broadcast to ${showShape(shape)}`);
  const base = reshape(x, aligned);
  return sameShape(aligned, shape) ? base : new Tensor(expandOp, [base], {}, shape, x.dtype);
}

/** Sums over the axes, which stay as extents of 1. */
export function sumKeep(x: Tensor, axes: readonly number[]): Tensor {
  const summed = axes.filter((a) => x.shape[a] !== 1);
  if (summed.length === 0) return x;
  const shape = x.shape.map((n, d) => (summed.includes(d) ? 1 : n));
  return new Tensor(sumOp, [x], { axes: summed }, shape, x.dtype);
}

/** The adjoint of broadcasting: sums x down to a shape that broadcasts to its own. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const lead = x.rank - shape.length;
  const axes = x.shape
    .map((_, d) => d)
    .filter((d) => d < lead || (shape[d - lead] === 1 && x.shape[d] !== 1));
  return reshape(sumKeep(x, axes), shape);
}

/** What a reduction leaves of the axes it reduces. */
export interface ReduceOptions {
  /** Keep reduced axes as extents of 1 (default false). */
  readonly keepDims?: boolean;
}

/** Drops reduced axes from a result that kept them, unless asked not to. */
export function finishReduce(
  kept: Tensor,
  axes: readonly number[],
  { keepDims = false }: ReduceOptions,
): Tensor {
  return keepDims
    ? kept
    : reshape(
        kept,
        kept.shape.filter((_, d) => !axes.includes(d)),
      );
}

/** Sum over the axes (all by default; negative ones count from the end). */
export function sum(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  const list = resolveAxes('sum', axes, x.shape);
  return finishReduce(sumKeep(x, list), list, options);
}
