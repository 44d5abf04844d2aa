import { topologicalOrder } from '../graph/order.ts';
import { currentOrigin, withOrigin } from '../graph/origin.ts';
import { ones, zeros } from '../graph/source.ts';
import type { Tensor } from '../graph/tensor.ts';
import * as tree from '../graph/tree.ts';
import { add } from '../ops/elementwise.ts';
import { checkLoss, floatLeaves, nameOf, show } from './leaves.ts';

/**
 * Reverse mode: pulls cotangents of `outputs` back to `inputs` (any nodes of the graph). Returns one cotangent per
 * input, or null where the outputs do not depend on it; nothing flows past nodes of `boundary`. What comes back is
 * graph like any other, so the derivative of a derivative needs nothing new.
 */
export function pullback(
  outputs: readonly Tensor[],
  cotangents: readonly Tensor[],
  inputs: readonly Tensor[],
  boundary: ReadonlySet<Tensor> = new Set(),
): (Tensor | null)[] {
  const wanted = new Set(inputs);
  // What a rule builds has been differentiated once more than the node, and as often as what it is multiplied with.
  const { scope } = currentOrigin();
  const build = <T>(depth: number, work: () => T): T => withOrigin({ scope, order: depth }, work);
  const order = topologicalOrder(outputs, boundary);
  // Nodes through which some wanted input is reached; only they need a cotangent.
  const active = new Set<Tensor>();
  for (const node of order)
    if (node.dtype === 'f32' && (wanted.has(node) || node.inputs.some((i) => active.has(i))))
      active.add(node);

  const total = new Map<Tensor, Tensor>();
  const accumulate = (node: Tensor, g: Tensor | null | undefined) => {
    if (g === null || g === undefined || !active.has(node)) return;
    const sofar = total.get(node);
    if (sofar === undefined) total.set(node, g);
    else
      total.set(
        node,
        build(Math.max(sofar.origin.order, g.origin.order), () => add(sofar, g)),
      );
  };
  outputs.forEach((output, i) => {
    accumulate(output, cotangents[i]);
  });
  for (const node of order.reverse()) {
    const g = total.get(node);
    if (g === undefined || boundary.has(node) || !node.inputs.some((i) => active.has(i))) continue;
    const depth = Math.max(node.origin.order + 1, g.origin.order);
    build(depth, () => inputCotangents(node, g)).forEach((c, i) => {
      accumulate(node.inputs[i], c);
    });
  }
  return inputs.map((input) => total.get(input) ?? null);
}

function inputCotangents(node: Tensor, g: Tensor): readonly (Tensor | null)[] {
  const { vjp, lowering } = node.op;
  if (vjp !== 'expansion') return vjp(node, g);
  if (lowering.kind !== 'expand')
    throw new Error(`${node.op.name}: its derivative is that of its expansion, but it has none`);
  // Stops at the inputs, one of which may depend on another; a tensor that is an input twice is credited once.
  const inputs = new Set(node.inputs);
  const expansion = withOrigin(node.origin, () => lowering.expand(node));
  const cotangents = pullback([expansion], [g], [...inputs], inputs);
  const byInput = new Map([...inputs].map((input, i) => [input, cotangents[i]]));
  return node.inputs.map((input) => {
    const cotangent = byInput.get(input) ?? null;
    byInput.delete(input);
    return cotangent;
  });
}

/** How gradients are taken. */
export interface GradOptions {
  /** What becomes of a leaf that the loss does not depend on: a gradient of zeros (the default), or an error. */
  readonly unused?: 'zeros' | 'error';
}

/**
 * The gradient of a scalar by every leaf of a tree, as a tree of the same structure.
 * @throws when `loss` is not one f32 number, a leaf is not f32, or `unused` is 'error' and the loss does not depend on
 *   some leaf.
 */
export const grad = <T extends tree.Tree>(loss: Tensor, params: T, options?: GradOptions): T =>
  gradFor('grad', loss, params, options);

/** `grad`, whose errors begin with the name of the function that was called. */
export function gradFor<T extends tree.Tree>(
  who: string,
  loss: Tensor,
  params: T,
  { unused = 'zeros' }: GradOptions = {},
): T {
  checkLoss(who, loss);
  if (unused !== 'zeros' && unused !== 'error')
    throw new Error(`${who}: unused "${unused}" must be zeros or error`);
  const leaves = floatLeaves(who, 'params', params);
  const gradients = pullback([loss], [ones(loss.shape)], leaves);
  const missing = gradients.indexOf(null);
  if (unused === 'error' && missing >= 0)
    throw new Error(
      `${who}: the loss does not depend on ${nameOf('params', tree.entries(params)[missing][0])}, ${show(leaves[missing])}`,
    );
  return tree.withLeaves(
    params,
    gradients.map((g, i) => g ?? zeros(leaves[i].shape)),
  );
}

/**
 * The value of a scalar function at `params` and its gradient there.
 * @throws as `grad`.
 */
export function valueAndGrad<T extends tree.Tree>(
  f: (params: T) => Tensor,
  params: T,
  options?: GradOptions,
): { value: Tensor; gradient: T } {
  const value = f(params);
  return { value, gradient: gradFor('valueAndGrad', value, params, options) };
}
