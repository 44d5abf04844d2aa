import type { Op } from '../graph/op.ts';
import { broadcastShapes, showShape } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';
import { broadcastTo, sumKeep, sumTo } from './broadcast.ts';
import { mul } from './elementwise.ts';
import { kernelOp } from './kernel-op.ts';
import { type MatmulAttrs, matmulKernel } from './matmul-kernel.ts';
import { permute, reshape } from './movement.ts';

/** C[b] = op(A[b]) op(B[b]); a batch of 1 serves every b. */
const matmulOp: Op = {
  name: 'matmul',
  vjp: (node, g) => {
    const [a, b] = node.inputs;
    const { transposeA: ta, transposeB: tb } = node.attrs as unknown as MatmulAttrs;
    const da = ta ? batched(b, g, tb, true) : batched(g, b, false, !tb);
    const db = tb ? batched(g, a, true, ta) : batched(a, g, !ta, false);
    return [sumTo(da, a.shape), sumTo(db, b.shape)];
  },
  lowering: {
    kind: 'choose',
    choose: (node) => thinProduct(node) ?? new Tensor(tiledOp, node.inputs, node.attrs, node.shape, 'f32'),
    batch: batchProducts,
  },
};

/** A product by tiles of C. */
const tiledOp = kernelOp('matmulTiled', [0, 1], matmulKernel);

/**
 * A product with a vector, or of a column and a row, as a loop; undefined for others. It has no tile of C to reuse loads in,
 * and a loop may be joined with what is around it.
 */
function thinProduct(node: Tensor): Tensor | undefined {
  const { transposeA, transposeB } = node.attrs as unknown as MatmulAttrs;
  const [a, b] = node.inputs;
  const rows = transposeA ? permute(a, [0, 2, 1]) : a;
  const columns = transposeB ? permute(b, [0, 2, 1]) : b;
  const [, m, k] = rows.shape;
  const [, , n] = columns.shape;
  if (Math.min(m, k, n) > 1) return undefined;
  const terms = mul(reshape(rows, [-1, m, k, 1]), reshape(columns, [-1, 1, k, n]));
  return reshape(sumKeep(terms, [2]), node.shape);
}

/** Products of all tasks: their rows in one matrix where they share the second operand, else one stack of matrices. */
function batchProducts(node: Tensor, [a, b]: readonly Tensor[], tasks: number): Tensor {
  const { transposeA, transposeB } = node.attrs as unknown as MatmulAttrs;
  const rowsJoin = !transposeA && b.shape[0] === 1 && b.shape[1] === 1;
  const join = (x: Tensor): Tensor => {
    const matrix = x.shape.slice(2);
    if (x.shape[0] * x.shape[1] === 1) return reshape(x, [1, ...matrix]);
    return reshape(broadcastTo(x, [tasks, node.shape[0], ...matrix]), [-1, ...matrix]);
  };
  const rows = rowsJoin ? reshape(a, [1, -1, a.shape[3]]) : join(a);
  return reshape(batched(rows, join(b), transposeA, transposeB), [tasks, ...node.shape]);
}

/** Product of stacks [batch or 1, rows, columns], each transposed if asked. */
function batched(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  const rows = a.shape[transposeA ? 2 : 1];
  const columns = b.shape[transposeB ? 1 : 2];
  const batch = Math.max(a.shape[0], b.shape[0]);
  return new Tensor(matmulOp, [a, b], { transposeA, transposeB }, [batch, rows, columns], 'f32');
}

/** Which operands `matmul` transposes (default none). */
export interface MatmulOptions {
  /** Use the transpose of the last two axes of the first operand. */
  readonly transposeA?: boolean;
  /** Use the transpose of the last two axes of the second operand. */
  readonly transposeB?: boolean;
}

/**
 * Matrix product of the last two axes, [..., M, K] x [..., K, N] -> [..., M, N]; leading axes broadcast.
 * @throws when an operand has fewer than two axes, is not f32, or the inner extents differ.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false } = options;
  const shapes = `(a ${showShape(a.shape)}${transposeA ? ' transposed' : ''}, b ${showShape(b.shape)}${transposeB ? ' transposed' : ''})`;
  if (a.rank < 2 || b.rank < 2) throw new Error(`matmul: operands need at least two axes ${shapes}`);
  if (a.dtype !== 'f32' || b.dtype !== 'f32')
    throw new Error(
      `matmul: takes f32 tensors, got ${a.dtype} and ${b.dtype} ${shapes}; convert with toFloat()`,
    );
  const [inner, other] = [a.shape.at(transposeA ? -2 : -1)!, b.shape.at(transposeB ? -1 : -2)!];
  if (inner !== other) throw new Error(`matmul: a has ${inner} columns, b has ${other} rows ${shapes}`);
  const lead = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  const product = batched(stack(a, lead), stack(b, lead), transposeA, transposeB);
  return reshape(product, [...lead, product.shape[1], product.shape[2]]);
}

/** Folds leading axes into one; an operand without any stays a batch of one. */
function stack(x: Tensor, lead: readonly number[]): Tensor {
  const matrix = x.shape.slice(-2);
  if (x.size === matrix[0] * matrix[1]) return reshape(x, [1, ...matrix]);
  return reshape(broadcastTo(x, [...lead, ...matrix]), [-1, ...matrix]);
}
