import type { Capabilities } from '../device/capabilities.ts';
import type { ViewKind } from '../graph/op.ts';
import type { Tensor } from '../graph/tensor.ts';
import { keepsAxes } from './index-map.ts';

/*
 * Which values get a buffer. All others are computed where they are used: elementwise work and views are inlined into
 * the loops that read them.
 */

const kindOf = (t: Tensor) => t.op.lowering.kind;
export const isView = (t: Tensor): boolean => kindOf(t) === 'view';
export const isSource = (t: Tensor): boolean => kindOf(t) === 'source';

const shows = (t: Tensor, view: ViewKind): boolean =>
  t.op.lowering.kind === 'view' && t.op.lowering.view === view;

/** The one view that adds to what it shows, and so to the loops that look through it. */
export const isPad = (t: Tensor): boolean => shows(t, 'pad');

/** Whether a node's kernel computes its first input in place: elementwise work need not be stored for it. */
export const inlines = (t: Tensor): boolean =>
  t.op.lowering.kind === 'kernel' && t.op.lowering.inlines?.(t) === true;

/** What a node is computed from; a view may have inputs besides, which it only waits for. */
export const operands = (t: Tensor): readonly Tensor[] => (isView(t) ? t.inputs.slice(0, 1) : t.inputs);

/** The node whose buffer a reshape shares: reshaping a stored value costs nothing, nor does waiting. */
export function contiguousBase(t: Tensor): Tensor {
  let node = t;
  while (shows(node, 'reshape') || shows(node, 'after')) node = node.inputs[0];
  return node;
}

/** The node whose values a chain of views shows. */
export function viewBase(t: Tensor): Tensor {
  let node = t;
  while (isView(node)) node = node.inputs[0];
  return node;
}

/** Has a value stored, unless it exists before the plan runs. */
export function store(t: Tensor, stored: Set<Tensor>): void {
  const base = contiguousBase(t);
  if (!isSource(base)) stored.add(base);
}

/** A value that takes more operations than this is not computed twice. */
const CHEAP = 12;
/** An expression longer than this is cut, or compiling its kernel takes longer than it saves. */
const LONGEST = 96;
const COSTLY = 8;
/** Pads within pads beyond which a value is stored: SwiftShader takes minutes to compile thirty of them. */
const MOST_PADS = 8;

/**
 * The stored values that must exist before a node is computed: those that it reads, and those that it waits for.
 */
export function prerequisites(node: Tensor, isStored: (t: Tensor) => boolean): Set<Tensor> {
  const found = new Set<Tensor>();
  const seen = new Set<Tensor>();
  const stack = [...node.inputs];
  for (let t = stack.pop(); t !== undefined; t = stack.pop()) {
    if (seen.has(t)) continue;
    seen.add(t);
    if (isStored(t)) found.add(t);
    else stack.push(...t.inputs);
  }
  return found;
}

/** What computing a value inside a loop takes: buffers read and operations done. */
interface Inline {
  readonly reads: ReadonlySet<Tensor>;
  readonly cost: number;
}

/**
 * Chooses the nodes to store, given the nodes in topological order. Outputs, reductions and kernels are always stored,
 * so are kernels' inputs (but those that a kernel inlines); an elementwise node is stored where computing it again costs more, where it would be computed
 * for every element of a larger tensor (and is more than one operation), or where an expression grows too big.
 */
export function chooseStored(
  order: readonly Tensor[],
  outputs: readonly Tensor[],
  device: Capabilities,
): Set<Tensor> {
  const stored = new Set<Tensor>();
  for (const output of outputs) store(output, stored);
  for (const node of order) {
    const kind = kindOf(node);
    if (kind === 'kernel' || kind === 'reduce') stored.add(node);
    if (kind === 'kernel') for (const t of node.inputs.slice(inlines(node) ? 1 : 0)) store(t, stored);
    // The derivative of max compares with what was reduced: computed anew, its last bit may differ and nothing be equal.
    if (node.op.lowering.kind === 'reduce' && node.op.lowering.combine === 'max')
      store(node.inputs[0], stored);
    // What is read late is kept, rather than what it was computed from.
    if (shows(node, 'after') && kindOf(viewBase(node)) === 'elementwise') stored.add(viewBase(node));
    if (shows(node, 'reshape') && !keepsAxes(node.inputs[0].shape, node.shape)) store(node.inputs[0], stored);
  }
  const uses = countUses(order);
  const stretched = new Set<Tensor>();
  for (const node of order) if (shows(node, 'expand')) stretched.add(viewBase(node.inputs[0]));

  // A kernel binds its inputs and at least one output, and merged kernels a few outputs more.
  const mostReads = Math.min(device.maxStorageBuffers - 2, 10);
  const inline = new Map<Tensor, Inline>();
  // Looks through views anew each time: what they show may have been stored since.
  const inlineOf = (t: Tensor): Inline => {
    let base = t;
    while (isView(base) && !stored.has(base)) base = base.inputs[0];
    if (isSource(base) || stored.has(base)) return { reads: new Set([base]), cost: 0 };
    return inline.get(base)!;
  };
  const pads = new Map<Tensor, number>();
  const padsBehind = (t: Tensor) => (stored.has(contiguousBase(t)) ? 0 : (pads.get(t) ?? 0));
  for (const node of order) {
    const padded = Math.max(0, ...operands(node).map(padsBehind)) + (isPad(node) ? 1 : 0);
    pads.set(node, padded);
    if (padded > MOST_PADS) store(node, stored);
    const kind = kindOf(node);
    if (kind === 'constant' || kind === 'iota') inline.set(node, { reads: new Set(), cost: 0 });
    if (kind !== 'elementwise') continue;
    const own = node.op.lowering.kind === 'elementwise' && node.op.lowering.costly ? COSTLY : 1;
    let sum = combine(node, own, inlineOf);
    while (sum.reads.size > mostReads || sum.cost > LONGEST) {
      const cut = worstInput(node, inlineOf);
      if (cut === undefined) break;
      store(cut, stored);
      sum = combine(node, own, inlineOf);
    }
    inline.set(node, sum);
    const large = [...sum.reads].filter((t) => t.size * 2 > node.size).length;
    const shared = uses.get(node)! > 1 && (sum.cost > CHEAP || storingPays(large, uses.get(node)!));
    if (shared || (stretched.has(node) && sum.cost > 1)) stored.add(node);
  }
  return stored;
}

/**
 * Whether to store a value read in several loops: once `reads` buffers, one write (which costs as much as two reads) and
 * one read per use, against reading all those buffers at every use.
 */
const storingPays = (reads: number, uses: number): boolean => reads + 2 + uses < reads * uses;

const combine = (node: Tensor, own: number, inlineOf: (t: Tensor) => Inline): Inline => {
  const inputs = [...new Set(node.inputs)].map(inlineOf);
  return {
    reads: new Set(inputs.flatMap((i) => [...i.reads])),
    cost: inputs.reduce((n, i) => n + i.cost, own),
  };
};

/** The unstored elementwise node behind the input that reads the most. */
function worstInput(node: Tensor, inlineOf: (t: Tensor) => Inline): Tensor | undefined {
  const weight = (t: Tensor) => inlineOf(t).reads.size * LONGEST + inlineOf(t).cost;
  return node.inputs
    .filter((t) => inlineOf(t).cost > 0)
    .map(viewBase)
    .sort((a, b) => weight(b) - weight(a))[0];
}

/** How many loops and kernels read each node, looking through views. */
function countUses(order: readonly Tensor[]): Map<Tensor, number> {
  const uses = new Map<Tensor, number>(order.map((node) => [node, 0]));
  for (let i = order.length - 1; i >= 0; i--)
    for (const input of new Set(operands(order[i])))
      uses.set(input, uses.get(input)! + (isView(order[i]) ? uses.get(order[i])! : 1));
  return uses;
}
