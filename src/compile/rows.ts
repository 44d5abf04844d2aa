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

/** NaN wins, as in every reduction. Told by its bits: compilers may take it that no number differs from itself. */
const greaterOfFloats = (a: string, b: string): string =>
  `select(${a}, ${b}, (${b} > ${a}) | ((bitcast<I>(${b}) & I(0x7fffffff)) > I(0x7f800000)))`;
const pair = (name: string, wgsl: (a: string, b: string) => string, neutral?: number): Op =>
  late(name, { kind: 'elementwise', wgsl, neutral, commutative: true });
const add = pair('add', (a, b) => `${a} + ${b}`, 0);
const pairs = {
  sum: { f32: add, i32: add },
  max: { f32: pair('max', greaterOfFloats), i32: pair('max', (a, b) => `max(${a}, ${b})`) },
};

/** Values of one shape combined element by element, in order. */
export const combined = (values: readonly Tensor[], how: keyof typeof pairs): Tensor =>
  values.reduce((a, b) => new Tensor(pairs[how][a.dtype], [a, b], {}, a.shape, a.dtype));

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
  combined(
    pieces.map(({ value, from }) => place(value, from, rows)),
    'sum',
  );

/** The value of x, which is not read before the others exist. */
export const after = (x: Tensor, others: readonly Tensor[]): Tensor =>
  new Tensor(afterOp, [x, ...others], {}, x.shape, x.dtype);
