import type { Capabilities } from '../device/capabilities.ts';
import type { Kernel } from '../device/kernel.ts';
import type { InlineInput, Lowering, Op } from '../graph/op.ts';
import { withOrigin } from '../graph/origin.ts';
import { showShape, sizeOf } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';
import { Expression, readsInStep } from './expression.ts';
import { identityMap } from './index-map.ts';
import { inlineBindings, inlined, inlineText } from './inline-input.ts';
import { bindingCount, elementwiseKernel, type Result } from './loop-kernel.ts';
import { inOrder } from './order.ts';
import { type Combine, reduceKernel } from './reduce-kernel.ts';
import {
  chooseStored,
  contiguousBase,
  inlines,
  isSource,
  prerequisites,
  store,
  viewBase,
} from './storage.ts';

/** A kernel with the stored values that it reads and writes. */
export interface Stage {
  readonly kernel: Kernel;
  /** Values read, in the order in which they are bound; those that are written over come last and are not bound for reading. */
  readonly reads: readonly Tensor[];
  readonly writes: readonly Tensor[];
  readonly label: string;
  /** By the value written, that over which it is written, whose buffer it takes. */
  readonly inPlaceOf: ReadonlyMap<Tensor, Tensor>;
  /** Of an elementwise loop: how it could write over what it reads. */
  readonly loop?: {
    /** Whether a value is read at the very places where results are written, and nowhere else. */
    readonly readsInStep: (read: Tensor) => boolean;
    readonly inPlace: (inPlaceOf: ReadonlyMap<Tensor, Tensor>) => Stage;
  };
}

const nothing: ReadonlyMap<Tensor, Tensor> = new Map();

/** Stored nodes to be computed by one kernel. */
interface Group {
  readonly nodes: Tensor[];
  readonly reads: Set<Tensor>;
  readonly needs: Set<Tensor>;
  /** Buffers bound for reading; one value may be read in several ways. */
  bindings: number;
  /** Groups of one level do not depend on each other, so they may be merged. */
  readonly level: number;
  /** Equal for groups whose loops are alike; undefined for hand-written kernels. */
  readonly loop: string | undefined;
  /** Equal for two hand-written kernels that can be one; undefined for others. */
  readonly joint: string | undefined;
}

const lowering = (t: Tensor) => t.op.lowering;

/** Partial sums on their way from one reduction to the next. */
const partialOp: Op = { name: 'partial', vjp: () => [], lowering: { kind: 'source' } };

/**
 * Groups the nodes of a rewritten graph into kernels and orders them. Loops over the same domain that share a
 * large input become one kernel with several outputs.
 */
export function scheduleStages(
  order: readonly Tensor[],
  outputs: readonly Tensor[],
  device: Capabilities,
): Stage[] {
  const stored = chooseStored(order, outputs, device);
  const isStored = (t: Tensor) => stored.has(t) || isSource(t);
  const group = () => {
    for (const node of order)
      if (inlines(node) && !canInline(node, isStored, device)) store(node.inputs[0], stored);
    return makeGroups(order, stored, isStored);
  };
  let groups = group();
  // One value read in several ways takes several bindings, which is only known now: cut what does not fit.
  for (let full = overfull(groups, device); full.length > 0; full = overfull(groups, device)) {
    for (const { nodes } of full) cutInputs(nodes[0], stored);
    groups = group();
  }
  return inOrder(mergeGroups(groups, device), order, outputs).flatMap((group) =>
    lowerGroup(group, isStored, device),
  );
}

const overfull = (groups: readonly Group[], device: Capabilities): Group[] =>
  groups.filter((g) => g.loop !== undefined && g.bindings >= device.maxStorageBuffers);

/** Whether a kernel can compute its first input in place: it is simple, and what it reads and is written is not too much to bind. */
function canInline(node: Tensor, isStored: (t: Tensor) => boolean, device: Capabilities): boolean {
  const [first] = node.inputs;
  const inline = inlined(first, isStored);
  const outputs = jointOf(node) === undefined ? 1 : 2;
  return inline !== undefined && inlineBindings(first, inline) + outputs <= device.maxStorageBuffers;
}

/** Stores the elementwise values that a node is computed from. */
function cutInputs(node: Tensor, stored: Set<Tensor>): void {
  const { root } = loopOf(node);
  const inputs = (root === node ? node.inputs : [root]).map(viewBase);
  const open = inputs.filter((t) => lowering(t).kind === 'elementwise' && !stored.has(t));
  if (open.length === 0)
    throw new Error(`${node}: one operation reads more buffers than this device binds at once`);
  for (const t of open) stored.add(t);
}

/** The loop that computes a stored node: its domain, and the body's root. */
function loopOf(node: Tensor): { domain: readonly number[]; axes: readonly number[]; root: Tensor } {
  if (lowering(node).kind !== 'reduce') return { domain: node.shape, axes: [], root: node };
  return { domain: node.inputs[0].shape, axes: node.attrs.axes as number[], root: node.inputs[0] };
}

function bodyOf(nodes: readonly Tensor[], isStored: (t: Tensor) => boolean) {
  const { domain } = loopOf(nodes[0]);
  const expression = new Expression(domain.length, isStored);
  const map = identityMap(domain.length);
  const results = nodes.map((node) => {
    const { root } = loopOf(node);
    return { step: expression.value(root, map, root === node), dtype: node.dtype };
  });
  return { expression, results };
}

function makeGroups(
  order: readonly Tensor[],
  stored: ReadonlySet<Tensor>,
  isStored: (t: Tensor) => boolean,
): Group[] {
  const levels = new Map<Tensor, number>();
  const groups: Group[] = [];
  for (const node of order) {
    if (!stored.has(node)) continue;
    const { kind } = lowering(node);
    const { domain, axes } = loopOf(node);
    const expression = kind === 'kernel' ? undefined : bodyOf([node], isStored).expression;
    const reads = expression?.leaves.map((leaf) => leaf.base) ?? kernelReads(node, isStored);
    const bindings = expression ? bindingCount(domain, axes, expression) : reads.length;
    const needs = prerequisites(node, isStored);
    const level = 1 + Math.max(0, ...[...needs].map((t) => levels.get(t) ?? 0));
    levels.set(node, level);
    const loop =
      kind === 'kernel'
        ? undefined
        : `${kind === 'reduce' ? JSON.stringify(lowering(node)) : 'map'} ${showShape(domain)} over ${showShape(axes)}`;
    groups.push({ nodes: [node], reads: new Set(reads), needs, bindings, level, loop, joint: jointOf(node) });
  }
  return groups;
}

/** What a hand-written kernel reads, its first input maybe computed in place. */
function kernelReads(node: Tensor, isStored: (t: Tensor) => boolean): Tensor[] {
  const [first, ...rest] = node.inputs;
  const own = inlines(node) ? inlined(first, isStored)!.expression.leaves.map((leaf) => leaf.base) : [];
  return [...(inlines(node) ? own : [contiguousBase(first)]), ...rest.map(contiguousBase)];
}

function jointOf(node: Tensor): string | undefined {
  const how = lowering(node);
  if (how.kind !== 'kernel' || how.joint === undefined) return undefined;
  return `${how.joint.ops} of ${node.inputs.map((t) => t.id)} ${JSON.stringify(node.attrs)}`;
}

/**
 * Merges groups of one level with the same loop that read a common value as large as the loop, and hand-written kernels that
 * can be one. A common parameter is no reason: it would tie the tasks of a meta-batch together and keep the activations of
 * all of them alive.
 */
function mergeGroups(groups: readonly Group[], device: Capabilities): Group[] {
  const merged: Group[] = [];
  const open = new Map<string, Group[]>();
  const halves = new Map<string, Group>();
  const mostOutputs = 4;
  for (const group of groups) {
    if (group.loop === undefined) {
      const half = group.joint === undefined ? undefined : halves.get(group.joint);
      if (half !== undefined) half.nodes.push(...group.nodes);
      else {
        merged.push(group);
        if (group.joint !== undefined) halves.set(group.joint, group);
      }
      continue;
    }
    const key = `${group.level} ${group.loop}`;
    const candidates = open.get(key) ?? [];
    const points = sizeOf(loopOf(group.nodes[0]).domain);
    const partner = candidates.find((other) => {
      const shares = [...group.reads].some((t) => !isSource(t) && 2 * t.size >= points && other.reads.has(t));
      const fits = other.bindings + group.bindings + other.nodes.length + 1 <= device.maxStorageBuffers;
      return shares && fits && other.nodes.length < mostOutputs;
    });
    if (partner === undefined) {
      open.set(key, [...candidates, group]);
      merged.push(group);
    } else {
      partner.nodes.push(...group.nodes);
      partner.bindings += group.bindings;
      for (const t of group.reads) partner.reads.add(t);
      for (const t of group.needs) partner.needs.add(t);
    }
  }
  return merged;
}

function lowerGroup(group: Group, isStored: (t: Tensor) => boolean, device: Capabilities): Stage[] {
  const [node] = group.nodes;
  const how = lowering(node);
  const label = group.nodes.map((n) => `${n.op.name}${showShape(n.shape)}`).join(' + ');
  if (how.kind === 'kernel') return [kernelStage(group.nodes, how, label, isStored, device)];
  const { expression, results } = bodyOf(group.nodes, isStored);
  const { domain, axes } = loopOf(node);
  if (how.kind !== 'reduce')
    return [elementwiseStage(domain, expression, results, device, group.nodes, label)];
  return reductionStages(domain, axes, expression, results, how.combine, device, group.nodes, label);
}

/** An elementwise loop, which may write over what it reads at the very same places. */
function elementwiseStage(
  domain: readonly number[],
  expression: Expression,
  results: readonly Result[],
  device: Capabilities,
  writes: readonly Tensor[],
  label: string,
): Stage {
  return {
    ...elementwiseKernel(domain, expression, results, device),
    writes,
    label,
    inPlaceOf: nothing,
    loop: {
      readsInStep: (read) => readsInStep(expression, read, domain),
      inPlace: (inPlaceOf) => {
        const taken = new Map([...inPlaceOf].map(([write, read]) => [read, writes.indexOf(write)]));
        const { kernel, reads } = elementwiseKernel(domain, expression, results, device, taken);
        return { kernel, reads: [...reads, ...taken.keys()], writes, label: `${label} in place`, inPlaceOf };
      },
    },
  };
}

/** One hand-written kernel for a node, or for two at once. */
function kernelStage(
  nodes: readonly Tensor[],
  { kernel, joint }: Lowering & { kind: 'kernel' },
  label: string,
  isStored: (t: Tensor) => boolean,
  device: Capabilities,
): Stage {
  const rule = nodes.length === 1 ? kernel : joint!.kernel;
  const writes = nodes.length === 1 ? nodes : joint!.ops.map((op) => nodes.find((n) => n.op.name === op)!);
  const [first, ...rest] = nodes[0].inputs;
  let reads = [contiguousBase(first)];
  const input: InlineInput = (vector, dims) => {
    const inline = inlineText(first, inlined(first, isStored)!, vector, dims);
    reads = inline.reads;
    return inline.text;
  };
  const made = rule(writes[0], device, input);
  return {
    kernel: made,
    reads: [...reads, ...rest.map(contiguousBase)],
    writes,
    label,
    inPlaceOf: nothing,
  };
}

/** A reduction, and as many more over its parts as it takes. */
function reductionStages(
  domain: readonly number[],
  axes: readonly number[],
  expression: Expression,
  results: readonly Result[],
  combine: Combine,
  device: Capabilities,
  writes: readonly Tensor[],
  label: string,
): Stage[] {
  const { kernel, reads, parts } = reduceKernel(domain, axes, expression, results, combine, device);
  if (parts === 1) return [{ kernel, reads, writes, label, inPlaceOf: nothing }];
  const partials = writes.map((n) =>
    withOrigin(n.origin, () => new Tensor(partialOp, [], {}, [parts, n.size], n.dtype)),
  );
  const rest = new Expression(2, () => true);
  const read = partials.map((t) => ({ step: rest.value(t, identityMap(2)), dtype: t.dtype }));
  return [
    { kernel, reads, writes: partials, label: `${label} in ${parts} parts`, inPlaceOf: nothing },
    ...reductionStages(
      [parts, writes[0].size],
      [0],
      rest,
      read,
      combine,
      device,
      writes,
      `${label} of ${parts} parts`,
    ),
  ];
}
