import type { Tensor } from '../graph/tensor.ts';
import { lifetimesOf } from './lifetimes.ts';
import type { Schedule } from './schedule.ts';

/**
 * A schedule in which elementwise stages write over what they read for the last time, where both have the same size: a buffer
 * less, and on a processor a line of memory less to fetch at every point. Arguments are copies, and may be written over too.
 */
export function inPlace(schedule: Schedule): Schedule {
  const lifetimes = lifetimesOf(schedule);
  const stages = schedule.stages.map((stage, at) => {
    const { loop, reads, writes } = stage;
    if (loop === undefined) return stage;
    const inPlaceOf = new Map<Tensor, Tensor>();
    for (const read of new Set(reads)) {
      if (lifetimes.get(read)!.to !== at || !loop.readsInStep(read)) continue;
      const write = writes.find((t) => !inPlaceOf.has(t) && t.dtype === read.dtype && t.size === read.size);
      if (write !== undefined) inPlaceOf.set(write, read);
    }
    return inPlaceOf.size === 0 ? stage : loop.inPlace(inPlaceOf);
  });
  return { ...schedule, stages };
}
