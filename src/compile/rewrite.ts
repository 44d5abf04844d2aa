import type { Capabilities } from '../device/capabilities.ts';
import type { Op } from '../graph/op.ts';
import { topologicalOrder } from '../graph/order.ts';
import { withOrigin } from '../graph/origin.ts';
import { sameShape } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';

/**
 * Rewrites a graph into one that is ready to be scheduled: fused ops replaced by what they expand to, device-dependent
 * ones by the device's choice, equal nodes merged, and what changes nothing (x * 1, views of constants) dropped.
 * Nodes that no output needs are gone, since only what outputs reach is visited. What takes a node's place has its origin;
 * of equal nodes the first's stays.
 */
export class Rewriter {
  readonly #device: Capabilities;
  readonly #rewritten = new Map<Tensor, Tensor>();
  readonly #known = new Map<string, Tensor>();
  readonly #opIds = new Map<Op, number>();

  constructor(device: Capabilities) {
    this.#device = device;
  }

  rewrite(outputs: readonly Tensor[]): Tensor[] {
    for (const node of topologicalOrder(outputs, this.#rewritten)) {
      if (this.#rewritten.has(node)) continue;
      const result = withOrigin(node.origin, () => this.#rewriteNode(node));
      this.#rewritten.set(node, result);
      this.#rewritten.set(result, result);
    }
    return outputs.map((output) => this.#rewritten.get(output)!);
  }

  #rewriteNode(node: Tensor): Tensor {
    const { lowering } = node.op;
    if (lowering.kind === 'source') return node;
    const inputs = node.inputs.map((input) => this.#rewritten.get(input)!);
    const moved = inputs.every((x, i) => x === node.inputs[i])
      ? node
      : new Tensor(node.op, inputs, node.attrs, node.shape, node.dtype);
    if (lowering.kind === 'expand') return this.rewrite([lowering.expand(moved)])[0];
    if (lowering.kind === 'choose') return this.rewrite([lowering.choose(moved, this.#device)])[0];
    return this.#unique(simplify(moved));
  }

  /** The first node seen that computes the same. */
  #unique(node: Tensor): Tensor {
    const { kind } = node.op.lowering;
    if (kind === 'source') return node;
    let op = this.#opIds.get(node.op);
    if (op === undefined) {
      op = this.#opIds.size;
      this.#opIds.set(node.op, op);
    }
    const ids = node.inputs.map((x) => x.id);
    if (node.op.lowering.kind === 'elementwise' && node.op.lowering.commutative) ids.sort((a, b) => a - b);
    const key = `${op}|${ids}|${showAttrs(node)}|${node.shape}|${node.dtype}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, node);
    return node;
  }
}

/** Attributes as text; JSON alone would write NaN and the infinities alike, and lose the sign of zero. */
const showAttrs = ({ attrs }: Tensor): string =>
  JSON.stringify(attrs, (_, v) =>
    typeof v === 'number' && (!Number.isFinite(v) || Object.is(v, -0)) ? String(v) : v,
  );

const isConstant = (t: Tensor, value?: number): boolean =>
  t.op.lowering.kind === 'constant' && (value === undefined || t.attrs.value === value);

/** An equal node that is cheaper, or the node itself. Its inputs are simplified already. */
function simplify(node: Tensor): Tensor {
  const { lowering } = node.op;
  if (lowering.kind === 'elementwise' && lowering.neutral !== undefined) {
    const [a, b] = node.inputs;
    if (isConstant(b, lowering.neutral)) return a;
    if (lowering.commutative && isConstant(a, lowering.neutral)) return b;
  }
  if (lowering.kind === 'view') {
    const [x] = node.inputs;
    if (lowering.view === 'identity') return x;
    if (lowering.view !== 'pad' && isConstant(x)) return new Tensor(x.op, [], x.attrs, node.shape, x.dtype);
    if (lowering.view === 'reshape') {
      const inner = x.op.lowering;
      if (inner.kind === 'view' && inner.view === 'reshape') {
        const [y] = x.inputs;
        return sameShape(y.shape, node.shape) ? y : new Tensor(node.op, [y], {}, node.shape, node.dtype);
      }
    }
  }
  return node;
}
