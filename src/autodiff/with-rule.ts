import type { Op } from '../graph/op.ts';
import { substitute } from '../graph/subgraph.ts';
import { Tensor } from '../graph/tensor.ts';
import * as tree from '../graph/tree.ts';
import { batchApart } from '../ops/batch.ts';
import { concat } from '../ops/concat.ts';
import { reshape, slice } from '../ops/movement.ts';
import { batchRuled } from './batch-ruled.ts';

/** Cotangents of the inputs, given the inputs, the f32 outputs and their cotangents. */
export type Rule = (
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  cotangents: readonly Tensor[],
) => readonly (Tensor | null)[];

/** The first input's value; derivatives flow to the second, which has the same. */
const aliasOp: Op = {
  name: 'alias',
  vjp: (_, g) => [null, g],
  lowering: { kind: 'expand', expand: (node) => node.inputs[0], batch: batchApart },
};

const pack = (parts: readonly Tensor[]): Tensor =>
  parts.length === 1
    ? parts[0]
    : concat(
        parts.map((t) => reshape(t, [-1])),
        0,
      );

function unpack(packed: Tensor, like: readonly Tensor[]): Tensor[] {
  if (like.length === 1) return [packed];
  let start = 0;
  return like.map(({ size, shape }) => {
    const part = slice(packed, [start], [start + size]);
    start += size;
    return reshape(part, shape);
  });
}

/** The tensors of a tree that have derivatives. */
export const floats = (of: unknown): Tensor[] => tree.tensors(of).filter((t) => t.dtype === 'f32');

/** A tree with its f32 tensors replaced, in order, and integers by what `integer` makes of them. */
export function withFloats<R>(
  of: R,
  replacement: readonly Tensor[],
  integer: (t: Tensor) => Tensor | null = (t) => t,
): R {
  let next = 0;
  const leaf = (t: unknown) =>
    t instanceof Tensor ? (t.dtype === 'f32' ? replacement[next++] : integer(t)) : t;
  return tree.withLeaves(of, tree.leaves<unknown>(of).map(leaf));
}

/**
 * The tree `result`, a function of the nodes `reads`, with `rule` for its derivative instead of those of the ops that it is
 * made of. One node stands for all f32 tensors of the tree (packed in one vector if there are several) and expands to
 * the expressions that they are; integers have no derivatives and stay as they are.
 *
 * @param inputs what the node gets for `reads`; equal to them in value
 */
export function withRule<R>(
  name: string,
  result: R,
  reads: readonly Tensor[],
  rule: Rule,
  inputs: readonly Tensor[] = reads,
): R {
  const outputs = floats(result);
  if (outputs.length === 0) return result;
  const valuesOf = (node: Tensor) => substitute(outputs, reads, node.inputs);
  // Values are read from the expressions themselves: unpacking would copy them.
  const partsOf = (node: Tensor): Tensor[] => {
    if (outputs.length === 1) return [node];
    const values = valuesOf(node);
    return unpack(node, outputs).map(
      (part, k) => new Tensor(aliasOp, [values[k], part], {}, part.shape, 'f32'),
    );
  };
  const op: Op = {
    name,
    vjp: (node, g) => rule(node.inputs, partsOf(node), unpack(g, outputs)),
    lowering: { kind: 'expand', expand: (node) => pack(valuesOf(node)), batch: batchRuled },
  };
  const shape = outputs.length === 1 ? outputs[0].shape : [outputs.reduce((n, t) => n + t.size, 0)];
  return withFloats(result, partsOf(new Tensor(op, inputs, {}, shape, 'f32')));
}
