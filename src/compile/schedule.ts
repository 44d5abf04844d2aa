import type { Capabilities } from '../device/capabilities.ts';
import { topologicalOrder } from '../graph/order.ts';
import { bytesOf, type Tensor } from '../graph/tensor.ts';
import { inPlace } from './in-place.ts';
import { Rewriter } from './rewrite.ts';
import { splitLarge } from './split.ts';
import { type Stage, scheduleStages } from './stages.ts';
import { contiguousBase, isSource } from './storage.ts';

/** A rewritten graph, grouped into kernels in the order in which they run. */
export interface Schedule {
  readonly roots: readonly Tensor[];
  /** Values that exist before the first kernel runs. */
  readonly sources: readonly Tensor[];
  readonly stages: readonly Stage[];
  /** The values whose buffers hold the roots. */
  readonly results: readonly Tensor[];
}

function scheduleAsIs(roots: readonly Tensor[], device: Capabilities): Schedule {
  const order = topologicalOrder(roots);
  return inPlace({
    roots,
    sources: order.filter(isSource),
    stages: scheduleStages(order, roots, device),
    results: roots.map(contiguousBase),
  });
}

export const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

/** In parts, other values may be stored and be too large themselves; beyond so many rounds something is wrong. */
const MOST_ROUNDS = 8;

/**
 * Rewrites and schedules a graph, with values that are too large for the device computed in parts.
 * @throws when one cannot be
 */
export function makeSchedule(outputs: readonly Tensor[], device: Capabilities): Schedule {
  const limit = Math.min(device.maxBindingBytes, device.maxBufferBytes);
  const refuse = (t: Tensor) =>
    new Error(
      `plan: ${t} takes ${mib(bytesOf(t))} MiB, but this device binds at most ${mib(limit)} MiB at once, and it cannot be computed in parts; use smaller batches or images`,
    );
  let schedule = scheduleAsIs(new Rewriter(device).rewrite(outputs), device);
  for (let round = 0; ; round++) {
    const { roots, sources, stages, results } = schedule;
    const values = [...sources, ...stages.flatMap((s) => s.writes), ...results];
    const large = new Set(values.filter((t) => bytesOf(t) > limit));
    if (large.size === 0) return schedule;
    if (round === MOST_ROUNDS) throw refuse([...large][0]);
    const parts = splitLarge(roots, large, limit, refuse);
    schedule = scheduleAsIs(new Rewriter(device).rewrite(parts), device);
  }
}
