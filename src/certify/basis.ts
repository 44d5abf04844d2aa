import { pullback } from '../autodiff/index.ts';
import { type Op, Tensor, topologicalOrder } from '../graph/index.ts';
import { HIGHEST_ORDER } from './bounds.ts';
import type { Case } from './case.ts';
import { draw } from './derivatives.ts';

/*
 * That the basis is closed under differentiation. The basis is what public functions make, and the faces below, which are
 * the adjoints of such ops. Every rule that is met up to the third order is applied, and must make ops of the basis only:
 * then no further order can leave it.
 */

/** Ops that only derivatives make, with the op that each is a face of. */
const faces: Readonly<Record<string, string>> = {
  conv2dInputGrad: 'conv2d',
  conv2dWeightGrad: 'conv2d',
  gatherPool2d: 'maxPool2d',
  scatterPool2d: 'maxPool2d',
  upsampleNearestAdjoint: 'upsampleNearest',
  batchNormInputGrad: 'batchNorm',
  batchNormGammaGrad: 'batchNorm',
  batchNormSecondGrad: 'batchNorm',
};

export interface BasisOp {
  readonly name: string;
  /** How it enters the basis: made by a public function, or the face of an op that is. */
  readonly from: 'public' | `face of ${string}`;
  /** Ops that its rule makes. */
  readonly rule: readonly string[];
}

export interface Basis {
  readonly ops: readonly BasisOp[];
  /** Why the basis is not closed; empty if it is. */
  readonly escapes: readonly string[];
}

/** What is in every graph before any op: numbers that exist. */
const isSource = ({ lowering }: Op): boolean => ['source', 'constant', 'iota'].includes(lowering.kind);

/** Ops that the rule of a node makes, given a cotangent like the node. */
function madeByRule(node: Tensor): Op[] {
  if (node.dtype !== 'f32' || node.inputs.length === 0) return [];
  // Behind these leaves nothing is looked at, so that what is found is the rule's own.
  const leaf = (t: Tensor) => new Tensor(placeholder, [], {}, t.shape, t.dtype);
  const alone = new Tensor(node.op, node.inputs.map(leaf), node.attrs, node.shape, node.dtype);
  const cotangents = pullback([alone], [leaf(node)], [...alone.inputs]);
  const made = topologicalOrder(cotangents.filter((t) => t !== null));
  return made.filter((t) => t !== alone && t.op !== placeholder && !isSource(t.op)).map((t) => t.op);
}

const placeholder: Op = { name: 'placeholder', vjp: () => [], lowering: { kind: 'source' } };

/** One node per rule that may differ: attributes aside, the op and the ranks and types of its inputs. */
const kindOf = (node: Tensor): string =>
  `${node.dtype} ${node.inputs.map((t) => `${t.dtype}${t.rank}${t.size === node.size}`)} ${JSON.stringify(node.attrs)}`;

/** The basis that cases span, and whether it is closed. */
export function basisOf(cases: readonly Case[]): Basis {
  const escapes = new Set<string>();
  const drawn = cases.flatMap((c) => {
    try {
      return [draw(c, HIGHEST_ORDER)];
    } catch (error) {
      escapes.add(`${c.op} ${c.name}: ${(error as Error).message}`);
      return [];
    }
  });
  const members = new Set(topologicalOrder(drawn.flatMap((d) => d.outputs)).map((t) => t.op));
  const publicOps = new Set(members);
  const rules = new Map<Op, Set<Op>>();
  const seen = new Set<string>();
  const derivatives = drawn.flatMap((d) => [...d.outputs, ...d.orders.flatMap((o) => o.gradients)]);
  for (const node of topologicalOrder(derivatives)) {
    if (isSource(node.op)) continue;
    if (!publicOps.has(node.op) && !(node.op.name in faces))
      escapes.add(`a derivative holds ${node.op.name}, which no public function makes`);
    members.add(node.op);
    const rule = rules.get(node.op) ?? new Set();
    rules.set(node.op, rule);
    const kind = `${node.op.name} ${kindOf(node)}`;
    if (seen.has(kind)) continue;
    seen.add(kind);
    try {
      for (const op of madeByRule(node)) rule.add(op);
    } catch (error) {
      escapes.add(`${node.op.name} has no rule to apply: ${(error as Error).message}`);
    }
  }
  for (const [op, rule] of rules)
    for (const made of rule)
      if (!members.has(made))
        escapes.add(`the rule of ${op.name} makes ${made.name}, which is outside of the basis`);
  const ops = [...rules].map(([{ name }, rule]) => ({
    name,
    from: name in faces ? (`face of ${faces[name]}` as const) : ('public' as const),
    rule: [...new Set([...rule].map((op) => op.name))].sort(),
  }));
  return { ops: ops.sort((a, b) => (a.name < b.name ? -1 : 1)), escapes: [...escapes] };
}
