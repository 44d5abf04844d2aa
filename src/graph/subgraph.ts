import { topologicalOrder } from './order.ts';
import { withOrigin } from './origin.ts';
import { zeros } from './source.ts';
import { Tensor } from './tensor.ts';
import { tensors } from './tree.ts';

/** The part of a graph that one call of a function built. */
export interface Subgraph<R> {
  /** The tree that the function returned. */
  readonly result: R;
  /** The older tensors that it was built on, arguments and captured ones alike, each once. */
  readonly reads: readonly Tensor[];
}

/** Calls `build` and finds out which tensors that existed before the call its result depends on. */
export function subgraph<R>(build: () => R): Subgraph<R> {
  // Ids count up, and inputs are older than what is made of them.
  const { id: first } = zeros([]);
  const older = { has: (node: Tensor) => node.id < first };
  const result = build();
  return { result, reads: topologicalOrder(tensors(result), older).filter(older.has) };
}

/** The same expressions with the nodes `from` replaced by `to`, one by one. */
export function substitute(
  expressions: readonly Tensor[],
  from: readonly Tensor[],
  to: readonly Tensor[],
): Tensor[] {
  const moved = new Map(from.map((node, i) => [node, to[i]]));
  for (const node of topologicalOrder(expressions, moved)) {
    if (moved.has(node)) continue;
    const inputs = node.inputs.map((input) => moved.get(input)!);
    const { op, attrs, shape, dtype, origin } = node;
    const same = inputs.every((input, i) => input === node.inputs[i]);
    moved.set(node, same ? node : withOrigin(origin, () => new Tensor(op, inputs, attrs, shape, dtype)));
  }
  return expressions.map((node) => moved.get(node)!);
}
