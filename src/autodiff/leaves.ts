import { showShape } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';
import * as tree from '../graph/tree.ts';

/** A tree of the structure of T with leaves of another type. */
export type LeavesAs<T, Leaf> = T extends Tensor ? Leaf : { [K in keyof T]: LeavesAs<T[K], Leaf> };

/** A tensor's type and shape, as messages show them. */
export const show = (t: Tensor): string => `${t.dtype}${showShape(t.shape)}`;

/** The name of a leaf in messages: `params.conv1.weight`, or `params` where the tree is one leaf. */
export const nameOf = (tree: string, path: string): string => (path === '' ? tree : `${tree}.${path}`);

/** @throws unless a loss is one f32 number. */
export function checkLoss(who: string, loss: unknown): asserts loss is Tensor {
  if (!(loss instanceof Tensor)) throw new Error(`${who}: the loss must be a tensor, got ${String(loss)}`);
  if (loss.size !== 1 || loss.dtype !== 'f32')
    throw new Error(
      `${who}: the loss must be one f32 number, got ${show(loss)}; reduce it with sum() or mean()`,
    );
}

/** The leaves of a tree that derivatives are taken of or by; throws unless all are f32 tensors. */
export function floatLeaves(who: string, what: string, of: tree.Tree): Tensor[] {
  return tree.entries<unknown>(of).map(([path, leaf]) => {
    const name = nameOf(what, path);
    if (!(leaf instanceof Tensor)) throw new Error(`${who}: ${name} is not a tensor`);
    if (leaf.dtype !== 'f32') throw new Error(`${who}: ${name} is ${show(leaf)}; only f32 has derivatives`);
    return leaf;
  });
}

/**
 * The leaves of `given` in the order of `like`, a tree of the same structure whose tensors have the same shapes; throws,
 * naming the leaf, where they differ.
 */
export function leavesLike(
  who: string,
  [givenName, given]: [string, tree.Tree],
  [likeName, like]: [string, tree.Tree],
): Tensor[] {
  const byPath = new Map(tree.entries<unknown>(given));
  const leaves = tree.entries(like).map(([path, wanted]) => {
    const leaf = byPath.get(path);
    byPath.delete(path);
    const name = nameOf(givenName, path);
    if (!(leaf instanceof Tensor))
      throw new Error(`${who}: ${name} must be a tensor like ${nameOf(likeName, path)}, ${show(wanted)}`);
    if (show(leaf) !== show(wanted))
      throw new Error(`${who}: ${name} is ${show(leaf)}, but ${nameOf(likeName, path)} is ${show(wanted)}`);
    return leaf;
  });
  for (const path of byPath.keys())
    throw new Error(`${who}: ${nameOf(givenName, path)} has no counterpart in ${likeName}`);
  return leaves;
}
