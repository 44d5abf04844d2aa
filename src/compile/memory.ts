/** When a value is written and last read, as positions in the schedule. */
export interface Lifetime {
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Assigns values to slots so that no two share one while both are alive (ends included: what takes another's
 * place has one lifetime with it here). The largest come first, so that a slot is as large as the first value in it; of the slots that are free long
 * enough, a value takes the one with the shortest pause before or after it.
 */
export function assignSlots(lifetimes: readonly Lifetime[]): {
  slotOf: number[];
  slots: { bytes: number }[];
} {
  const slots: { bytes: number; taken: Lifetime[] }[] = [];
  const slotOf = new Array<number>(lifetimes.length);
  const bySize = lifetimes
    .map((_, i) => i)
    .sort(
      (a, b) => lifetimes[b].bytes - lifetimes[a].bytes || lifetimes[a].from - lifetimes[b].from || a - b,
    );
  for (const i of bySize) {
    const { bytes, from, to } = lifetimes[i];
    let [best, shortest] = [-1, Number.POSITIVE_INFINITY];
    slots.forEach(({ taken }, slot) => {
      if (taken.some((t) => t.from <= to && from <= t.to)) return;
      const pause = Math.min(...taken.map((t) => (t.to < from ? from - t.to : t.from - to)));
      if (pause < shortest) [best, shortest] = [slot, pause];
    });
    if (best < 0) best = slots.push({ bytes, taken: [] }) - 1;
    slots[best].taken.push(lifetimes[i]);
    slotOf[i] = best;
  }
  return { slotOf, slots: slots.map(({ bytes }) => ({ bytes })) };
}
