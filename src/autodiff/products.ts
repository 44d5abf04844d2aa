import { full, zeros } from '../graph/source.ts';
import type { Tensor } from '../graph/tensor.ts';
import * as tree from '../graph/tree.ts';
import { gradFor, pullback } from './grad.ts';
import { floatLeaves, leavesLike } from './leaves.ts';

/* Products of the Jacobian J = d outputs / d inputs with vectors, J never being formed. All are trees of f32 tensors. */

/** Cotangents of `inputs`, zeros where the outputs do not depend on them. */
const pullbackOrZeros = (
  outputs: readonly Tensor[],
  cotangents: readonly Tensor[],
  inputs: readonly Tensor[],
): Tensor[] => pullback(outputs, cotangents, inputs).map((c, i) => c ?? zeros(inputs[i].shape));

/**
 * Stands for a cotangent u where only the derivative of J^T u by u is wanted. That does not depend on u, as J^T u is
 * linear in it; if some rule were not linear, NaN would show.
 */
export const unspecified = (like: Tensor): Tensor => full(like.shape, Number.NaN);

/**
 * The vector-Jacobian product J^T c: one cotangent per leaf of `inputs`, given one per leaf of `outputs`.
 * @throws when a leaf is not f32, or `cotangents` and `outputs` differ in structure or shapes; all by path.
 */
export function vjp<T extends tree.Tree>(outputs: tree.Tree, inputs: T, cotangents: tree.Tree): T {
  const [ys, xs] = [floatLeaves('vjp', 'outputs', outputs), floatLeaves('vjp', 'inputs', inputs)];
  const cs = leavesLike('vjp', ['cotangents', cotangents], ['outputs', outputs]);
  return tree.withLeaves(inputs, pullbackOrZeros(ys, cs, xs));
}

/**
 * The Jacobian-vector product J t: the derivative of every output in the direction t of the inputs. By reverse mode
 * twice: J^T u is linear in u, so its vector-Jacobian product with t is J t (Townsend 2017, "A new trick for calculating
 * Jacobian vector products").
 * @throws when a leaf is not f32, or `tangents` and `inputs` differ in structure or shapes; all by path.
 */
export function jvp<T extends tree.Tree>(outputs: T, inputs: tree.Tree, tangents: tree.Tree): T {
  const [ys, xs] = [floatLeaves('jvp', 'outputs', outputs), floatLeaves('jvp', 'inputs', inputs)];
  const ts = leavesLike('jvp', ['tangents', tangents], ['inputs', inputs]);
  const us = ys.map(unspecified);
  return tree.withLeaves(outputs, pullbackOrZeros(pullbackOrZeros(ys, us, xs), ts, us));
}

/**
 * The Hessian of a scalar times a direction: the vector-Jacobian product of its gradient, as the Hessian is symmetric.
 * @throws as `grad`, and when `v` and `params` differ in structure or shapes.
 */
export function hvp<T extends tree.Tree>(loss: Tensor, params: T, v: tree.Tree): T {
  const gradient = gradFor('hvp', loss, params);
  const direction = leavesLike('hvp', ['v', v], ['params', params]);
  const leaves = tree.leaves(params);
  return tree.withLeaves(params, pullbackOrZeros(tree.leaves(gradient), direction, leaves));
}
