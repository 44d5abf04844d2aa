import type { Op } from '../graph/op.ts';
import { topologicalOrder } from '../graph/order.ts';
import { withOrigin } from '../graph/origin.ts';
import { showShape } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';
import * as tree from '../graph/tree.ts';
import { broadcastTo } from '../ops/broadcast.ts';
import { reshape } from '../ops/movement.ts';
import { batchNode } from './batch-node.ts';

/** What is wrong where an example is met when something runs. */
const ESCAPED = {
  noValue:
    'it is a tensor of the example of a vmap, which a rule captures; make it an argument of the function',
};

/** A leaf of one example while a function is traced on it; the batch takes its place before anything runs. */
const exampleOp: Op = { name: 'example', vjp: () => [], lowering: { kind: 'source' } };

/** @throws unless all leaves are tensors whose first extents agree; gives that extent. */
function tasksOf(batch: tree.Tree): number {
  const entries = tree.entries<unknown>(batch);
  if (entries.length === 0) throw new Error('vmap: the batch holds no tensor');
  const described = (path: string, leaf: Tensor) =>
    `${path === '' ? 'the batch' : `"${path}"`} ${leaf.dtype}${showShape(leaf.shape)}`;
  for (const [path, leaf] of entries) {
    if (!(leaf instanceof Tensor)) throw new Error(`vmap: "${path}" of the batch is not a tensor`);
    if (leaf.rank === 0)
      throw new Error(
        `vmap: ${described(path, leaf)} has no leading axis to go along; capture by closure what all examples share`,
      );
  }
  const [first, ...rest] = entries as [string, Tensor][];
  for (const other of rest)
    if (other[1].shape[0] !== first[1].shape[0])
      throw new Error(
        `vmap: leading axes differ, ${described(...first)} and ${described(...other)}: every leaf needs one entry per example`,
      );
  return first[1].shape[0];
}

/** What all examples share, with a leading axis of 1; what it repeats is left for `broadcastTo` to repeat along that too. */
function shared(x: Tensor): Tensor {
  const { lowering } = x.op;
  const repeats = lowering.kind === 'view' && lowering.view === 'expand';
  const base = repeats ? x.inputs[0] : x;
  return broadcastTo(reshape(base, [1, ...base.shape]), [1, ...x.shape]);
}

/**
 * A function of one example as a function of a batch: the leaves of its argument and of its result have one more leading
 * axis, along which the examples lie, and entry t of the result is f of entry t of the batch. What f captures is shared by
 * all examples. It is a transformation of graph into graph: f is traced once, every node that depends on the example is
 * replaced by one over all of them. So the result is differentiated like any other, f may hold gradients and other vmaps, and a batch of tasks with
 * weights of their own runs in as many dispatches as one task.
 * @throws when a leaf of the batch is a scalar or no tensor, the leading axes differ, or f gives what is no tree of tensors.
 */
export const vmap =
  <D extends tree.Tree, R extends tree.Tree>(f: (example: D) => R) =>
  (batch: D): R => {
    const tasks = tasksOf(batch);
    const leaves = tree.leaves(batch);
    const examples = leaves.map((x) => new Tensor(exampleOp, [], ESCAPED, x.shape.slice(1), x.dtype));
    const result = f(tree.withLeaves(batch, examples));
    const outputs = tree.entries<unknown>(result).map(([path, leaf]) => {
      if (!(leaf instanceof Tensor))
        throw new Error(`vmap: "${path}" of the function's result is not a tensor`);
      return leaf;
    });
    const batched = new Map(examples.map((example, i) => [example, leaves[i]]));
    for (const node of topologicalOrder(outputs, batched)) {
      if (batched.has(node) || !node.inputs.some((x) => batched.has(x))) continue;
      batched.set(
        node,
        withOrigin(node.origin, () =>
          batchNode(
            node,
            node.inputs.map((x) => batched.get(x) ?? shared(x)),
            tasks,
          ),
        ),
      );
    }
    return tree.withLeaves(
      result,
      outputs.map((y) => batched.get(y) ?? broadcastTo(y, [tasks, ...y.shape])),
    );
  };
