/** Shapes are lists of non-negative integers; tensors are row-major and contiguous. */
export type Shape = readonly number[];

/** Number of elements of a tensor of this shape (1 for a scalar). */
export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((n, d) => n === b[d]);

/** `[2,3,8,8]`, as shapes are written in every message. */
export const showShape = (shape: Shape): string => `[${shape.join(',')}]`;

/** Throws unless every extent is a positive integer: an empty tensor has no kernel to run. */
export function checkShape(op: string, shape: Shape): void {
  if (!shape.every((n) => Number.isInteger(n) && n > 0))
    throw new Error(`${op}: shape ${showShape(shape)} must hold positive integers only`);
}

/** The shape two operands broadcast to (NumPy's rule: align at the right, an extent of 1 stretches). */
export function broadcastShapes(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let d = 0; d < rank; d++) {
    const x = a[a.length - rank + d] ?? 1;
    const y = b[b.length - rank + d] ?? 1;
    if (x !== y && x !== 1 && y !== 1)
      throw new Error(
        `${op}: shapes ${showShape(a)} and ${showShape(b)} do not broadcast: axis ${d - rank} is ${x} and ${y}`,
      );
    out.push(Math.max(x, y));
  }
  return out;
}

/**
 * Turns an axis counted from either end into one counted from the front.
 * @throws when the shape has no such axis.
 */
export function resolveAxis(op: string, axis: number, shape: Shape): number {
  const rank = shape.length;
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw new Error(`${op}: axis ${axis} is out of range for shape ${showShape(shape)} of rank ${rank}`);
  return axis < 0 ? axis + rank : axis;
}

/** Sorted, distinct axes counted from the front; `undefined` means all of them. */
export function resolveAxes(
  op: string,
  axes: number | readonly number[] | undefined,
  shape: Shape,
): number[] {
  if (axes === undefined) return shape.map((_, d) => d);
  const list = (typeof axes === 'number' ? [axes] : axes).map((a) => resolveAxis(op, a, shape));
  if (new Set(list).size !== list.length)
    throw new Error(`${op}: axes [${[axes].flat().join(',')}] name one axis of ${showShape(shape)} twice`);
  return list.sort((a, b) => a - b);
}

/** The greatest common divisor of two extents. */
export const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
