import type { Capabilities } from '../device/capabilities.ts';
import type { Dispatch, Plan } from '../device/plan.ts';
import { topologicalOrder } from '../graph/order.ts';
import { deviceArray, hostData, inputIndex } from '../graph/source.ts';
import { bytesOf, type Tensor } from '../graph/tensor.ts';
import { assignSlots } from './memory.ts';
import { Rewriter } from './rewrite.ts';
import { splitLarge } from './split.ts';
import { type Stage, scheduleStages } from './stages.ts';
import { contiguousBase, isSource } from './storage.ts';

/**
 * Turns a graph into a plan for a device with these capabilities: rewrite, choose what is stored, group into kernels,
 * order, assign buffers. Needs no device (only the shaders' text, see `loadShaders`).
 *
 * @param inputCount number of the traced function's arguments
 * @throws when the graph contains a node that the device cannot run, or a value too large for it
 */
export function makePlan(outputs: readonly Tensor[], inputCount: number, device: Capabilities): Plan {
  const { roots, order, stages } = scheduled(new Rewriter(device).rewrite(outputs), device);
  for (const { kernel, label } of stages)
    if (kernel.grid.some((n) => n > device.maxGrid))
      throw new Error(
        `plan: ${label} needs ${kernel.grid.join(' x ')} workgroups (${kernel.name}), this device runs ${device.maxGrid} in each direction; use smaller batches or images`,
      );
  const results = roots.map(contiguousBase);

  // Values in order of appearance, each with the stages between which it must be kept.
  const number = new Map<Tensor, number>();
  const lifetimes: { bytes: number; from: number; to: number }[] = [];
  const appear = (t: Tensor, at: number) => {
    let id = number.get(t);
    if (id === undefined) {
      id = lifetimes.push({ bytes: bytesOf(t), from: at, to: at }) - 1;
      number.set(t, id);
    }
    lifetimes[id].to = Math.max(lifetimes[id].to, at);
    return id;
  };
  const sources = order.filter(isSource);
  for (const t of sources) appear(t, -1);
  stages.forEach((stage, at) => {
    for (const t of [...stage.reads, ...stage.writes]) appear(t, at);
  });
  for (const t of results) appear(t, stages.length);
  const fixed = sources.filter((t) => inputIndex(t) === undefined);
  for (const t of fixed)
    lifetimes[number.get(t)!] = { bytes: bytesOf(t), from: -1, to: Number.POSITIVE_INFINITY };

  const { slotOf, slots } = assignSlots(lifetimes);
  const slot = (t: Tensor) => slotOf[number.get(t)!];
  const inputs = new Array<number | null>(inputCount).fill(null);
  for (const t of sources) {
    const index = inputIndex(t);
    if (index !== undefined) inputs[index] = slot(t);
  }
  return {
    slots,
    inputs,
    constants: fixed.map((t) => ({ slot: slot(t), data: hostData(t) ?? deviceArray(t)! })),
    dispatches: stages.map(
      ({ kernel, reads, writes, label }): Dispatch => ({
        kernel,
        inputs: reads.map(slot),
        outputs: writes.map(slot),
        label,
        origin: writes.map((t) => t.origin).reduce((a, b) => (b.order < a.order ? b : a)),
        bytes: [...reads, ...writes].reduce((n, t) => n + bytesOf(t), 0),
        shapes: writes.map((t) => t.shape),
      }),
    ),
    outputs: results.map(slot),
  };
}

/** A graph ready to run: ordered, and grouped into kernels. */
interface Schedule {
  readonly roots: readonly Tensor[];
  readonly order: readonly Tensor[];
  readonly stages: readonly Stage[];
}

function schedule(roots: readonly Tensor[], device: Capabilities): Schedule {
  const order = topologicalOrder(roots);
  return { roots, order, stages: scheduleStages(order, roots, device) };
}

/** In parts, other values may be chosen to be stored, and be too large themselves; beyond so many rounds something is wrong. */
const MOST_ROUNDS = 8;

/**
 * The schedule of a graph, values too large for the device split.
 * @throws when one cannot be
 */
function scheduled(roots: readonly Tensor[], device: Capabilities): Schedule {
  const limit = Math.min(device.maxBindingBytes, device.maxBufferBytes);
  const refuse = (t: Tensor) =>
    new Error(
      `plan: ${t} takes ${mib(bytesOf(t))} MiB, but this device binds at most ${mib(limit)} MiB at once, and it cannot be computed in parts; use smaller batches or images`,
    );
  let result = schedule(roots, device);
  for (let round = 0; ; round++) {
    const { order, stages } = result;
    const values = [
      ...order.filter(isSource),
      ...stages.flatMap((s) => s.writes),
      ...result.roots.map(contiguousBase),
    ];
    const large = new Set(values.filter((t) => bytesOf(t) > limit));
    if (large.size === 0) return result;
    const [first] = large;
    if (round === MOST_ROUNDS || !order.includes(first)) throw refuse(first);
    const parts = splitLarge(result.roots, large, limit, refuse);
    result = schedule(new Rewriter(device).rewrite(parts), device);
  }
}

const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
