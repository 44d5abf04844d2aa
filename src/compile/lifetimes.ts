import { inputIndex } from '../graph/source.ts';
import { bytesOf, type Tensor } from '../graph/tensor.ts';
import { assignSlots, type Lifetime } from './memory.ts';
import type { Schedule } from './schedule.ts';

/**
 * The values of a schedule in order of appearance, each with the stages between which it must be kept: from -1 where it is
 * an argument, forever where it is a constant, to the number of stages where it is a result. One whose place is taken ends
 * before the stage that does so.
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
  stages.forEach(({ inPlaceOf }, at) => {
    for (const t of inPlaceOf.values()) lifetimes.get(t)!.to = at - 1;
  });
  return lifetimes;
}

/** The slots of a schedule's values: values of which each takes the other's place are in one. */
export function slotsOf(schedule: Schedule): {
  slotOf: Map<Tensor, number>;
  slots: { bytes: number }[];
} {
  const lifetimes = lifetimesOf(schedule);
  const first = new Map<Tensor, Tensor>();
  for (const { inPlaceOf } of schedule.stages)
    for (const [write, read] of inPlaceOf) first.set(write, first.get(read) ?? read);
  const places = new Map<Tensor, Lifetime>();
  for (const [t, lifetime] of lifetimes) {
    const place = first.get(t) ?? t;
    places.set(place, { ...(places.get(place) ?? lifetime), to: lifetime.to });
  }
  const { slotOf, slots } = assignSlots([...places.values()]);
  const slotOfPlace = new Map([...places.keys()].map((t, i) => [t, slotOf[i]]));
  const slot = (t: Tensor) => slotOfPlace.get(first.get(t) ?? t)!;
  return { slotOf: new Map([...lifetimes.keys()].map((t) => [t, slot(t)])), slots };
}
