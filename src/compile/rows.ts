import type { Attrs, Op, ViewKind } from '../graph/op.ts';
import { sameShape } from '../graph/shape.ts';
import { constantValue, zeros } from '../graph/source.ts';
import { Tensor } from '../graph/tensor.ts';

/*
 * What passes over a rewritten graph build: views of rows (indices along the leading axis) and what joins them. They exist
 * after differentiation only.
 */

const late = (name: string, lowering: Op['lowering']): Op => ({
  name,
  vjp: (node) => {
    throw new Error(`${node}: made by the compiler, cannot be differentiated`);
  },
  lowering,
});

const view = (name: ViewKind): Op => late(name, { kind: 'view', view: name });
const [sliceOp, padOp, afterOp] = [view('slice'), view('pad'), view('after')];
const addOp = late('add', {
  kind: 'elementwise',
  wgsl: (a, b) => `${a} + ${b}`,
  neutral: 0,
  commutative: true,
});

const alongAxis = (x: Tensor, axis: number, value: number): number[] =>
  x.shape.map((_, d) => (d === axis ? value : 0));

/** The entries from `from` to before `to` along an axis. */
export function cut(x: Tensor, axis: number, from: number, to: number): Tensor {
  const shape = x.shape.map((n, d) => (d === axis ? to - from : n));
  if (sameShape(shape, x.shape)) return x;
  return new Tensor(sliceOp, [x], { start: alongAxis(x, axis, from) }, shape, x.dtype);
}

/** The same node over other inputs, of another number of rows. */
export function withRows(
  node: Tensor,
  inputs: readonly Tensor[],
  rows: number,
  attrs: Attrs = node.attrs,
): Tensor {
  const shape = node.rank === 0 ? [] : [rows, ...node.shape.slice(1)];
  const same =
    sameShape(shape, node.shape) && attrs === node.attrs && inputs.every((x, i) => x === node.inputs[i]);
  return same && inputs.length === node.inputs.length
    ? node
    : new Tensor(node.op, inputs, attrs, shape, node.dtype);
}

/** x with rows of zeros around it: its first becomes row `from` of `rows`. */
function place(x: Tensor, from: number, rows: number): Tensor {
  if (x.shape[0] === rows) return x;
  const shape = [rows, ...x.shape.slice(1)];
  if (constantValue(x) === 0) return zeros(shape, x.dtype);
  return new Tensor(padOp, [x], { before: alongAxis(x, 0, from) }, shape, x.dtype);
}

/** Rows `from` to before `to` of some value. */
export interface Piece {
  readonly value: Tensor;
  readonly from: number;
  readonly to: number;
}

/** The sum of pieces of `rows` rows, each at its place: where no two overlap, they are joined. */
export const joined = (pieces: readonly Piece[], rows: number): Tensor =>
  pieces
    .map(({ value, from }) => place(value, from, rows))
    .reduce((a, b) => new Tensor(addOp, [a, b], {}, a.shape, a.dtype));

/** The value of x, which is not read before the others exist. */
export const after = (x: Tensor, others: readonly Tensor[]): Tensor =>
  new Tensor(afterOp, [x, ...others], {}, x.shape, x.dtype);
