import type { Plan } from '../device/plan.ts';
import { describeOrigin } from '../graph/origin.ts';
import { showShape, sizeOf } from '../graph/shape.ts';
import { planBytes, showBytes } from './print-plan.ts';

/** A value of a plan in its slot. */
export interface PlanValue {
  /** What computes it, and from which part of the program: `forward`, `inner gradient`. */
  readonly label: string;
  readonly origin: string;
  readonly bytes: number;
  readonly slot: number;
  /** The dispatch that writes it (-1: it is there before the first), and the last one that reads it. */
  readonly from: number;
  readonly to: number;
}

/** What memory a plan takes. */
export interface MemoryReport {
  /** Bytes of all slots: what the plan takes while it exists. */
  readonly bytes: number;
  readonly peak: {
    /** Most bytes alive at one time. */
    readonly bytes: number;
    /** The dispatch at which they are. */
    readonly dispatch: number;
    readonly label: string;
    /** The bytes alive there, by the part of the program that they belong to, largest first. */
    readonly byOrigin: readonly (readonly [origin: string, bytes: number])[];
    /** The values alive there, largest first. */
    readonly values: readonly PlanValue[];
  };
  /** All values, largest first. */
  readonly values: readonly PlanValue[];
}

const ARGUMENTS = 'arguments and constants';

/** Every value of a plan with the dispatches between which its slot holds it. */
function valuesOf({ slots, inputs, constants, dispatches, outputs }: Plan): PlanValue[] {
  const end = dispatches.length;
  const values: { -readonly [K in keyof PlanValue]: PlanValue[K] }[] = [];
  const inSlot = new Map<number, (typeof values)[number]>();
  const put = (slot: number, value: Omit<PlanValue, 'slot'>) => {
    const added = { ...value, slot };
    values.push(added);
    inSlot.set(slot, added);
  };
  // A plan does not say how large an argument is, only its slot.
  const given = { label: 'argument', origin: ARGUMENTS, from: -1, to: -1 };
  for (const slot of inputs) if (slot !== null) put(slot, { ...given, bytes: slots[slot].bytes });
  for (const { slot } of constants)
    put(slot, { ...given, label: 'constant', bytes: slots[slot].bytes, to: end });
  dispatches.forEach(({ inputs: reads, outputs: writes, overwrites, label, origin, shapes }, at) => {
    for (const slot of reads) inSlot.get(slot)!.to = Math.max(inSlot.get(slot)!.to, at);
    for (const slot of overwrites) inSlot.get(slot)!.to = at - 1;
    writes.forEach((slot, i) => {
      const what = writes.length === 1 ? label : `${showShape(shapes[i])} of ${label}`;
      put(slot, {
        label: what,
        origin: describeOrigin(origin),
        bytes: 4 * sizeOf(shapes[i]),
        from: at,
        to: at,
      });
    });
  });
  for (const slot of outputs) inSlot.get(slot)!.to = end;
  return values.sort((a, b) => b.bytes - a.bytes);
}

/** Where a plan's memory goes; needs no device, and nothing to have run. */
export function memoryReport(plan: Plan): MemoryReport {
  const values = valuesOf(plan);
  const alive = plan.dispatches.map(() => 0);
  for (const { bytes, from, to } of values)
    for (let at = Math.max(0, from); at <= to && at < alive.length; at++) alive[at] += bytes;
  const bytes = Math.max(0, ...alive);
  const dispatch = Math.max(0, alive.indexOf(bytes));
  const there = values.filter(({ from, to }) => from <= dispatch && dispatch <= to);
  const byOrigin = new Map<string, number>();
  for (const v of there) byOrigin.set(v.origin, (byOrigin.get(v.origin) ?? 0) + v.bytes);
  return {
    bytes: planBytes(plan),
    peak: {
      bytes,
      dispatch,
      label: plan.dispatches[dispatch]?.label ?? '',
      byOrigin: [...byOrigin].sort((a, b) => b[1] - a[1]),
      values: there,
    },
    values,
  };
}

/** A plan's memory in one line: the total, and what is alive at the peak by origin. */
export function memoryLine(plan: Plan): string {
  const { bytes, peak } = memoryReport(plan);
  const parts = peak.byOrigin.map(([origin, n]) => `${origin} ${showBytes(n)}`);
  return `${showBytes(bytes)}, at the peak: ${parts.join(', ')}`;
}

/** A plan's memory as text: the total, the peak by origin and where it lies, and the largest values that are alive there. */
export function printMemory(plan: Plan, most = 10): string {
  const { bytes, peak } = memoryReport(plan);
  const { dispatch, label, byOrigin, values } = peak;
  return [
    `${showBytes(bytes)} in ${plan.slots.length} buffers; most is alive at dispatch ${dispatch} of ${plan.dispatches.length}, ${showBytes(peak.bytes)}: ${label}`,
    ...byOrigin.map(([origin, n]) => `  ${showBytes(n).padStart(10)}  ${origin}`),
    `the largest of ${values.length} values there, with the dispatches from writing to last reading:`,
    ...values
      .slice(0, most)
      .map((v) => `  ${showBytes(v.bytes).padStart(10)}  ${v.from} to ${v.to}  ${v.origin}  ${v.label}`),
  ].join('\n');
}
