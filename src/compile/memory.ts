/** When a value is written and last read, as positions in the schedule. */
export interface Lifetime {
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Assigns values to slots so that no two share one while both are alive (ends included: a kernel never writes where
 * it reads). Takes the free slot that fits best, and lets the largest one grow when none fits.
 */
export function assignSlots(lifetimes: readonly Lifetime[]): {
  slotOf: number[];
  slots: { bytes: number }[];
} {
  const slots: { bytes: number; freeFrom: number }[] = [];
  const slotOf = new Array<number>(lifetimes.length);
  const byStart = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[a].from - lifetimes[b].from || a - b);
  for (const i of byStart) {
    const { bytes, from, to } = lifetimes[i];
    const free = slots.filter((s) => s.freeFrom < from);
    const fits = free.filter((s) => s.bytes >= bytes).sort((a, b) => a.bytes - b.bytes)[0];
    // A slot much larger than the value is left for a value that needs it.
    const snug = fits !== undefined && fits.bytes <= 4 * bytes + 4096 ? fits : undefined;
    const largest = free.filter((s) => s.bytes < bytes).sort((a, b) => b.bytes - a.bytes)[0];
    const grown = largest !== undefined && largest.bytes * 4 >= bytes ? largest : undefined;
    let slot = snug ?? grown;
    if (slot === undefined) {
      slot = { bytes, freeFrom: 0 };
      slots.push(slot);
    }
    slot.bytes = Math.max(slot.bytes, bytes);
    slot.freeFrom = to;
    slotOf[i] = slots.indexOf(slot);
  }
  return { slotOf, slots: slots.map(({ bytes }) => ({ bytes })) };
}
