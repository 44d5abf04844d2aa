import type { DeviceArray } from './array.ts';
import type { Kernel } from './kernel.ts';

/** One kernel and the slots it is bound to. */
export interface Dispatch {
  readonly kernel: Kernel;
  /** Slots read, in binding order. */
  readonly inputs: readonly number[];
  /** Slots written, in binding order. */
  readonly outputs: readonly number[];
  /** Those of the slots written whose values it reads, and writes over. */
  readonly overwrites: readonly number[];
  /** What is computed, for people: ops and shapes. */
  readonly label: string;
  /** The part of the program that asked for it; of several, the least differentiated. */
  readonly origin: { readonly scope: string; readonly order: number };
  /** Bytes of the values bound for reading and writing. */
  readonly bytes: number;
  /** Shapes of what is written. */
  readonly shapes: readonly (readonly number[])[];
}

/**
 * A program for a device, as plain data: buffers by number and the dispatches over them. Made without a device, so
 * that it can be printed and tested where there is none.
 */
export interface Plan {
  /** Size of every slot in bytes. Values that are never alive together share one. */
  readonly slots: readonly { readonly bytes: number }[];
  readonly dispatches: readonly Dispatch[];
  /** Where the arguments go; null for an argument that nothing reads. */
  readonly inputs: readonly (number | null)[];
  /** Values fixed when the plan was made: host numbers are uploaded once, device arrays bound. Slots of their own. */
  readonly constants: readonly { readonly slot: number; readonly data: ArrayBufferView | DeviceArray }[];
  /** Where the results are when the last dispatch has run. */
  readonly outputs: readonly number[];
}
