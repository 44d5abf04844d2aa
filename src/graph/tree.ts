import { Tensor } from './tensor.ts';

/** A tree of tensors: a tensor, a list of trees, or a record of trees. Parameters, batches and states are trees. */
export type Tree = Tensor | readonly Tree[] | { readonly [name: string]: Tree };

const isLeaf = (node: unknown): boolean =>
  node instanceof Tensor || node === null || typeof node !== 'object' || ArrayBuffer.isView(node);

/** Leaves with their dotted paths (`conv1.weight`, `0.x`), in the order of the tree. */
export function entries<Leaf = Tensor>(tree: unknown, path = ''): [string, Leaf][] {
  if (isLeaf(tree)) return [[path, tree as Leaf]];
  return Object.entries(tree as object).flatMap(([name, child]) =>
    entries<Leaf>(child, path === '' ? name : `${path}.${name}`),
  );
}

/** The leaves in the order of the tree. */
export const leaves = <Leaf = Tensor>(tree: unknown): Leaf[] => entries<Leaf>(tree).map(([, leaf]) => leaf);

/** A tree of the same structure with its leaves replaced, in order. */
export function withLeaves<T>(tree: T, replacement: readonly unknown[]): T {
  let next = 0;
  const rebuild = (node: unknown): unknown => {
    if (isLeaf(node)) return replacement[next++];
    if (Array.isArray(node)) return node.map(rebuild);
    return Object.fromEntries(Object.entries(node as object).map(([name, child]) => [name, rebuild(child)]));
  };
  const rebuilt = rebuild(tree) as T;
  if (next !== replacement.length)
    throw new Error(`tree.withLeaves: the tree has ${next} leaves, got ${replacement.length}`);
  return rebuilt;
}

/** The tensors of a tree that may have other leaves too (numbers, names, null), in the order of the tree. */
export const tensors = (tree: unknown): Tensor[] =>
  leaves<unknown>(tree).filter((leaf) => leaf instanceof Tensor);

/** A tree of the same structure with its tensors replaced, in order; other leaves stay. */
export function withTensors<T>(tree: T, replacement: readonly Tensor[]): T {
  let next = 0;
  const replaced = leaves<unknown>(tree).map((leaf) => (leaf instanceof Tensor ? replacement[next++] : leaf));
  return withLeaves(tree, replaced);
}

/**
 * Applies `f` leaf by leaf to trees of one structure.
 * @throws when a tree lacks a leaf that another has, naming it.
 */
export function map<T extends Tree>(f: (...leaves: Tensor[]) => Tensor, first: T, ...rest: readonly T[]): T {
  return mapWithPath((_path, ...args) => f(...args), first, ...rest);
}

/** `map` for functions that also want the leaf's dotted path. */
export function mapWithPath<T extends Tree>(
  f: (path: string, ...leaves: Tensor[]) => Tensor,
  first: T,
  ...rest: readonly T[]
): T {
  const own = entries(first);
  const paths = new Set(own.map(([path]) => path));
  const columns = rest.map((tree, i) => {
    const others = entries(tree);
    const extra = others.find(([path]) => !paths.has(path));
    if (extra !== undefined)
      throw new Error(`tree.map: tree ${i + 1} has a leaf "${extra[0]}" that tree 0 has not`);
    return new Map(others);
  });
  const mapped = own.map(([path, leaf]) =>
    f(
      path,
      leaf,
      ...columns.map((byPath, i) => {
        const other = byPath.get(path);
        if (other === undefined) throw new Error(`tree.map: tree ${i + 1} has no leaf "${path}"`);
        return other;
      }),
    ),
  );
  return withLeaves(first, mapped);
}
