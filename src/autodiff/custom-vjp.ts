import type { Op } from '../graph/op.ts';
import { zeros } from '../graph/source.ts';
import { subgraph } from '../graph/subgraph.ts';
import { Tensor } from '../graph/tensor.ts';
import * as tree from '../graph/tree.ts';
import { batchApart } from '../ops/batch.ts';
import { show } from './leaves.ts';
import { type Rule, withFloats, withRule } from './with-rule.ts';

/** What a rule returns for arguments of type T; null stands for a leaf or a whole subtree without a derivative. */
export type Cotangents<T> =
  | null
  | (T extends Tensor ? Tensor : T extends object ? { [K in keyof T]: Cotangents<T[K]> } : null);

/**
 * Gives a function a derivative of your own, for instance one that is cheaper or stabler than that of its ops.
 *
 * @param f a pure function of trees of tensors (numbers and other leaves are static) that returns a tensor or a tree
 * @param rule the vector-Jacobian product: from the arguments, the result and the result's cotangents (a tree like it; null
 *   for integers), the cotangents of the arguments, a list with one tree per argument. It is differentiated in its turn
 *   where higher derivatives are asked for.
 * @returns `f` with that derivative. Taking derivatives through it throws when the rule returns another structure or
 *   other shapes than the arguments have, or by a tensor that `f` captures instead of being given it.
 */
export function customVjp<A extends readonly unknown[], R extends tree.Tree>(
  f: (...args: A) => R,
  rule: (saved: { args: A; output: R }, cotangents: R) => { [I in keyof A]: Cotangents<A[I]> } | null,
): (...args: A) => R {
  return (...args) => {
    const given = tree.tensors(args);
    const { result, reads } = subgraph(() => f(...args));
    const captured = reads.filter((t) => !given.includes(t));
    const derivative: Rule = (inputs, outputs, gs) => {
      const saved = {
        args: tree.withTensors(args, inputs.slice(0, given.length)),
        output: withFloats(result, outputs),
      };
      const cotangents = rule(
        saved,
        withFloats(result, gs, () => null),
      );
      // Something for what is captured, so that `capturedOp` hears of it if a derivative is wanted.
      const none = captured.map((t) => (t.dtype === 'f32' ? zeros(t.shape) : null));
      return [...cotangentLeaves(args, cotangents), ...none];
    };
    const guarded = captured.map((t) => new Tensor(capturedOp, [t], {}, t.shape, t.dtype));
    return withRule('customVjp', result, [...given, ...captured], derivative, [...given, ...guarded]);
  };
}

/** A tensor that came to a function with a rule by capture: the rule cannot return a cotangent for it. */
const capturedOp: Op = {
  name: 'captured',
  vjp: (node) => {
    throw new Error(
      `customVjp: a derivative is wanted through ${node.inputs[0]}, which the function captures; make it an argument, so that the rule can return its cotangent`,
    );
  },
  lowering: { kind: 'expand', expand: (node) => node.inputs[0], batch: batchApart },
};

/** The cotangent of every tensor of `argument`, null for none; throws where the rule returned something unlike it. */
function cotangentLeaves(argument: unknown, cotangent: unknown, path = ''): (Tensor | null)[] {
  const tensors = tree.tensors(argument);
  if (cotangent === null || tensors.length === 0) return tensors.map(() => null);
  const name = `customVjp: the rule's cotangent of ${path === '' ? 'the arguments' : `argument ${path}`}`;
  if (argument instanceof Tensor) {
    if (!(cotangent instanceof Tensor)) throw new Error(`${name} must be a tensor or null`);
    if (argument.dtype !== 'f32')
      throw new Error(`${name}, ${show(argument)}, must be null; only f32 has one`);
    if (show(cotangent) !== show(argument))
      throw new Error(`${name} is ${show(cotangent)}, but the argument is ${show(argument)}`);
    return [cotangent];
  }
  if (typeof cotangent !== 'object' || cotangent instanceof Tensor)
    throw new Error(`${name} must be null or a tree like the argument`);
  const children = { ...(cotangent as Record<string, unknown>) };
  const leaves = Object.entries(argument as object).flatMap(([key, child]) => {
    const own = children[key];
    delete children[key];
    return cotangentLeaves(child, own, path === '' ? key : `${path}.${key}`);
  });
  for (const key of Object.keys(children))
    throw new Error(`${name} has "${key}", which the argument has not`);
  return leaves;
}
