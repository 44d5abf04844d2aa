import { inputIndex } from '../graph/source.ts';
import { bytesOf, type Tensor } from '../graph/tensor.ts';
import { assignSlots, type Lifetime } from './memory.ts';
import type { Schedule } from './schedule.ts';

/**
 * The values of a schedule in order of appearance, each with the stages between which it must be kept: from -1 where it is
 * an argument, forever where it is a constant, to the number of stages where it is a result.
 */
export function lifetimesOf({ sources, stages, results }: Schedule): Map<Tensor, Lifetime> {
  const lifetimes = new Map<Tensor, { bytes: number; from: number; to: number }>();
  const appear = (t: Tensor, at: number) => {
    const known = lifetimes.get(t);
    if (known === undefined) lifetimes.set(t, { bytes: bytesOf(t), from: at, to: at });
    else known.to = Math.max(known.to, at);
  };
  for (const t of sources) appear(t, -1);
  stages.forEach((stage, at) => {
    for (const t of [...stage.reads, ...stage.writes]) appear(t, at);
  });
  for (const t of results) appear(t, stages.length);
  for (const t of sources) if (inputIndex(t) === undefined) lifetimes.get(t)!.to = Number.POSITIVE_INFINITY;
  return lifetimes;
}

/** The slots of a schedule's values. */
export function slotsOf(schedule: Schedule): {
  slotOf: Map<Tensor, number>;
  slots: { bytes: number }[];
} {
  const lifetimes = lifetimesOf(schedule);
  const { slotOf, slots } = assignSlots([...lifetimes.values()]);
  return { slotOf: new Map([...lifetimes.keys()].map((t, i) => [t, slotOf[i]])), slots };
}
