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
    const { takesPlace, reads, writes } = stage;
    if (takesPlace === undefined) return stage;
    const inPlaceOf = new Map<Tensor, Tensor>();
    for (const read of new Set(reads)) {
      if (lifetimes.get(read)!.to !== at) continue;
      const write = writes.find((t) => !inPlaceOf.has(t) && takesPlace.of(read, t));
      if (write !== undefined) inPlaceOf.set(write, read);
    }
    return inPlaceOf.size === 0 ? stage : takesPlace.stage(inPlaceOf);
  });
  return { ...schedule, stages };
}
