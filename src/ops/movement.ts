import type { Op, ViewKind } from '../graph/op.ts';
import { resolveAxes, resolveAxis, type Shape, sameShape, showShape, sizeOf } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';
import * as tree from '../graph/tree.ts';

/*
 * Movement ops say where elements come from and compute nothing. Each one's adjoint is another:
 * reshape and permute undo themselves, flip is its own, slice and pad are each other's.
 */

const view = (name: ViewKind, vjp: Op['vjp']): Op => ({ name, vjp, lowering: { kind: 'view', view: name } });

const reshapeOp = view('reshape', (node, g) => [reshape(g, node.inputs[0].shape)]);

const permuteOp = view('permute', (node, g) => {
  const order = node.attrs.order as number[];
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return [permute(g, inverse)];
});

const flipOp = view('flip', (node, g) => [flip(g, node.attrs.axes as number[])]);

const sliceOp = view('slice', (node, g) => {
  const { start } = node.attrs as { start: number[] };
  const whole = node.inputs[0].shape;
  return [
    pad(
      g,
      start,
      whole.map((n, d) => n - start[d] - g.shape[d]),
    ),
  ];
});

const padOp = view('pad', (node, g) => {
  const { before } = node.attrs as { before: number[] };
  const inner = node.inputs[0].shape;
  return [
    slice(
      g,
      before,
      before.map((b, d) => b + inner[d]),
    ),
  ];
});

const stopOp: Op = { ...view('identity', () => [null]), name: 'stopGradient' };

/**
 * The same elements in row-major order under another shape; one extent may be -1 and is then computed.
 * @throws when the numbers of elements differ.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.reduce((a, b) => (b === -1 ? a : a * b), 1);
  const resolved = shape.map((n) => (n === -1 ? x.size / known : n));
  if (
    sizeOf(resolved) !== x.size ||
    !resolved.every(Number.isInteger) ||
    shape.filter((n) => n === -1).length > 1
  )
    throw new Error(
      `reshape: ${showShape(x.shape)} has ${x.size} elements, ${showShape(shape)} cannot hold them`,
    );
  return sameShape(resolved, x.shape) ? x : new Tensor(reshapeOp, [x], {}, resolved, x.dtype);
}

/**
 * Reorders axes: axis d of the result is axis `order[d]` of x.
 * @throws unless `order` names every axis once.
 */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  const axes = order.map((a) => resolveAxis('permute', a, x.shape));
  if (axes.length !== x.rank || new Set(axes).size !== x.rank)
    throw new Error(`permute: order [${order.join(',')}] must name every axis of ${showShape(x.shape)} once`);
  if (axes.every((a, d) => a === d)) return x;
  const shape = axes.map((a) => x.shape[a]);
  return new Tensor(permuteOp, [x], { order: axes }, shape, x.dtype);
}

/** Swaps two axes, by default the last two. */
export function transpose(x: Tensor, a = -2, b = -1): Tensor {
  const order = x.shape.map((_, d) => d);
  const i = resolveAxis('transpose', a, x.shape);
  const j = resolveAxis('transpose', b, x.shape);
  order[i] = j;
  order[j] = i;
  return permute(x, order);
}

/** Reverses the elements along the axes. */
export function flip(x: Tensor, axes: readonly number[]): Tensor {
  const resolved = resolveAxes('flip', axes, x.shape);
  return resolved.length === 0 ? x : new Tensor(flipOp, [x], { axes: resolved }, x.shape, x.dtype);
}

/**
 * The part `start[d] <= index < stop[d]` of every axis; negative bounds count from the end, axes left out are whole.
 * @throws when a bound lies outside or nothing is left.
 */
export function slice(x: Tensor, start: readonly number[], stop: readonly number[] = []): Tensor {
  const bound = (value: number | undefined, whole: number, n: number): number =>
    value === undefined ? whole : value < 0 ? value + n : value;
  const from = x.shape.map((n, d) => bound(start[d], 0, n));
  const to = x.shape.map((n, d) => bound(stop[d], n, n));
  const shape = from.map((a, d) => to[d] - a);
  if (
    start.length > x.rank ||
    stop.length > x.rank ||
    from.some((a, d) => a < 0 || to[d] > x.shape[d] || to[d] <= a)
  )
    throw new Error(
      `slice: [${start.join(',')}] to [${stop.join(',')}] is not a part of ${showShape(x.shape)} with elements in it`,
    );
  return sameShape(shape, x.shape) ? x : new Tensor(sliceOp, [x], { start: from }, shape, x.dtype);
}

/** Surrounds x with zeros: `before[d]` in front of axis d and `after[d]` behind it (non-negative integers). */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  const valid = (list: readonly number[]) =>
    list.length === x.rank && list.every((n) => Number.isInteger(n) && n >= 0);
  if (!valid(before) || !valid(after))
    throw new Error(
      `pad: before [${before.join(',')}] and after [${after.join(',')}] must each hold ${x.rank} non-negative integers for ${showShape(x.shape)}`,
    );
  const shape = x.shape.map((n, d) => before[d] + n + after[d]);
  return sameShape(shape, x.shape) ? x : new Tensor(padOp, [x], { before: [...before] }, shape, x.dtype);
}

/** The values of a tensor, or of a tree of them, through which no derivative flows. */
export const stopGradient = <T extends tree.Tree>(x: T): T =>
  tree.map((t) => new Tensor(stopOp, [t], {}, t.shape, t.dtype), x);
