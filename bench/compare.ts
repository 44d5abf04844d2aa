import { readFileSync } from 'node:fs';
import { UsageError } from '../src/cli/errors.ts';
import type { Spread } from './rounds.ts';

/** Something measured, by the name that it has in every run. */
export interface Named {
  readonly name: string;
  readonly seconds: Spread;
}

/** The rows of an earlier run's JSON. @throws UsageError when the file is none */
export function readRows<T>(path: string): readonly T[] {
  try {
    const { rows } = JSON.parse(readFileSync(path, 'utf8')) as { rows?: readonly T[] };
    if (Array.isArray(rows)) return rows;
  } catch (cause) {
    throw new UsageError(`--compare ${path}: ${(cause as Error).message}`, { cause });
  }
  throw new UsageError(`--compare ${path}: is no JSON that this command wrote`);
}

const width = ({ lower, upper }: Spread): number => upper - lower;

/** Whether two runs agree: their medians are no further apart than the wider of the spreads that they state. */
export const agrees = (a: Spread, b: Spread): boolean =>
  Math.abs(a.median - b.median) <= Math.max(width(a), width(b));

/** How many agree with an earlier run, and those that do not. */
export function comparisonText(now: readonly Named[], before: readonly Named[]): string {
  const common = now.flatMap(({ name, seconds }) => {
    const earlier = before.find((row) => row.name === name);
    return earlier ? [{ name, now: seconds, before: earlier.seconds }] : [];
  });
  const apart = common.filter((row) => !agrees(row.now, row.before));
  return [
    `${common.length - apart.length} of ${common.length} agree with the earlier run within the spread`,
    ...apart.map(
      (row) => `  ${row.name}: ${(row.now.median / row.before.median).toFixed(2)} x the earlier time`,
    ),
  ].join('\n');
}
