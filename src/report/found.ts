import { Interrupted } from '../medetection/index.ts';

/** What could be found out, or why it is left out of the report. */
export type Found<T> = { readonly value: T } | { readonly leftOut: string };

/**
 * What `work` finds. Its failure is a reason to leave something out, and no reason to have no report.
 * @throws Interrupted, which is the user's wish.
 */
export async function find<T>(work: () => T | Promise<T>): Promise<Found<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    return { leftOut: error instanceof Error ? error.message : String(error) };
  }
}

/** What follows from what was found; where that is nothing, the reason stays. */
export const andThen = <T, U>(found: Found<T>, work: (value: T) => U | Promise<U>): Promise<Found<U>> =>
  'value' in found ? find(() => work(found.value)) : Promise.resolve(found);
