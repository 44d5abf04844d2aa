/** Figures of several seeds, ours beside a peer's. */
import { readFileSync } from 'node:fs';
import type { RunResult } from '../src/reproduce/index.ts';
import { parseRecord } from '../src/store/index.ts';

/**
 * Reads a file of results, in which strings stand for NaN and the infinities.
 * @throws when it holds no JSON object.
 */
export function readResultsFile<T extends object>(command: string, path: string): T {
  const record = parseRecord(readFileSync(path, 'utf8'));
  if (record === undefined) throw new Error(`${command}: ${path}: not a JSON object`);
  return record as T;
}

/** The results of a study by two programs. */
export interface Sides {
  readonly settings: object;
  readonly ours: readonly RunResult[];
  readonly peer: readonly RunResult[];
}

/**
 * Reads two results.json of one study.
 * @throws when they were made with different settings.
 */
export function readSides(command: string, oursPath: string, peerPath: string): Sides {
  const [ours, peer] = [oursPath, peerPath].map((path) =>
    readResultsFile<{ settings: object; runs: RunResult[] }>(command, path),
  );
  if (JSON.stringify(ours.settings) !== JSON.stringify(peer.settings))
    throw new Error(
      `${command}: ${oursPath} and ${peerPath} were made with different settings, ${JSON.stringify(ours.settings)} and ${JSON.stringify(peer.settings)}`,
    );
  return { settings: ours.settings, ours: ours.runs, peer: peer.runs };
}

export const average = (numbers: readonly number[]): number =>
  numbers.reduce((a, b) => a + b) / numbers.length;

/** The sample's standard deviation. */
export const deviation = (numbers: readonly number[]): number => {
  const mean = average(numbers);
  return Math.sqrt(numbers.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (numbers.length - 1));
};

/** How far apart the means of two samples are, in standard errors of the difference (Welch's t). */
export const standardErrors = (a: readonly number[], b: readonly number[]): number =>
  (average(a) - average(b)) /
  Math.hypot(deviation(a) / Math.sqrt(a.length), deviation(b) / Math.sqrt(b.length));

/**
 * The two-sided p of the Mann-Whitney test, exact: the share of all ways to deal the values to samples of these sizes in which
 * the sum of the first one's ranks is as far from its expectation.
 */
export function mannWhitney(a: readonly number[], b: readonly number[]): number {
  const all = [...a, ...b];
  // Ties take the mean of their ranks; twice that is an integer.
  const twiceRank = (v: number) => all.reduce((sum, w) => sum + Math.sign(v - w) + 1, 1);
  const ranks = all.map(twiceRank);
  // ways[n]: of so many chosen values, how often each sum of doubled ranks occurs.
  const ways: Map<number, number>[] = Array.from({ length: a.length + 1 }, () => new Map());
  ways[0].set(0, 1);
  for (const rank of ranks)
    for (let n = a.length; n > 0; n--)
      for (const [sum, count] of ways[n - 1]) ways[n].set(sum + rank, (ways[n].get(sum + rank) ?? 0) + count);
  const expected = a.length * (all.length + 1);
  const apart = (sum: number) => Math.abs(sum - expected);
  const observed = apart(ranks.slice(0, a.length).reduce((x, y) => x + y));
  let [total, far] = [0, 0];
  for (const [sum, count] of ways[a.length]) {
    total += count;
    if (apart(sum) >= observed) far += count;
  }
  return far / total;
}
