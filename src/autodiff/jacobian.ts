import { ones, zeros } from '../graph/source.ts';
import type { Tensor } from '../graph/tensor.ts';
import * as tree from '../graph/tree.ts';
import { concat } from '../ops/concat.ts';
import { reshape, slice, transpose } from '../ops/movement.ts';
import { gradFor, pullback } from './grad.ts';
import { floatLeaves, type LeavesAs } from './leaves.ts';
import { unspecified } from './products.ts';

/**
 * The Jacobian of one tensor by every leaf of a tree: [...output, ...leaf] for each. Takes one derivative per element
 * of the output or per element of the inputs, whichever are fewer.
 * @throws when the output or a leaf is not f32.
 */
export function jacobian<T extends tree.Tree>(output: Tensor, inputs: T): T {
  floatLeaves('jacobian', 'output', output);
  const xs = floatLeaves('jacobian', 'inputs', inputs);
  const size = xs.reduce((n, x) => n + x.size, 0);
  const matrices = output.size <= size ? byRows(output, xs) : byColumns(output, xs);
  return tree.withLeaves(
    inputs,
    matrices.map((J, i) => reshape(J, [...output.shape, ...xs[i].shape])),
  );
}

/**
 * The Hessian of a scalar as a tree of trees: under the paths of leaves a and b, the second derivative by a and b,
 * [...a, ...b].
 * @throws as `grad`.
 */
export function hessian<T extends tree.Tree>(loss: Tensor, params: T): LeavesAs<T, T> {
  const rows = tree.leaves(gradFor('hessian', loss, params)).map((gradient) => jacobian(gradient, params));
  return tree.withLeaves<unknown>(params, rows) as LeavesAs<T, T>;
}

/** dy/dx as a matrix [y.size, x.size] for each x: its rows are the gradients of y's elements. */
function byRows(y: Tensor, xs: readonly Tensor[]): Tensor[] {
  const flat = reshape(y, [-1]);
  const rows = Array.from({ length: y.size }, (_, k) =>
    pullback([slice(flat, [k], [k + 1])], [ones([1])], xs),
  );
  return xs.map((x, i) =>
    concat(
      rows.map((row) => reshape(row[i] ?? zeros(x.shape), [1, -1])),
      0,
    ),
  );
}

/** The same by columns: they are the rows of the derivative of J^T u by u. */
function byColumns(y: Tensor, xs: readonly Tensor[]): Tensor[] {
  const u = unspecified(y);
  return pullback([y], [u], xs).map((Ju, i) =>
    Ju === null ? zeros([y.size, xs[i].size]) : transpose(byRows(Ju, [u])[0]),
  );
}
