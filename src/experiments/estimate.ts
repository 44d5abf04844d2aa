import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cell, readCell, readResult } from './cell.ts';
import { mean } from './statistics.ts';

/**
 * Seconds that cells will take with so many at once, by the mean of the finished cells of the folder that are of the same kind and
 * were computed in one go; undefined where there are none of some kind.
 */
export async function estimate(
  folder: string,
  cells: readonly Cell[],
  jobs: number,
): Promise<number | undefined> {
  const names = await readdir(join(folder, 'results')).catch((): string[] => []);
  const seconds: Record<Cell['kind'], number[]> = { 'meta-train': [], 'fine-tune': [], localise: [] };
  for (const name of names.filter((file) => file.endsWith('.json') && !file.startsWith('.'))) {
    const cell = await readCell(folder, name.replace(/\.json$/, '')).catch(() => undefined);
    const result = cell && (await readResult(folder, cell).catch(() => undefined));
    if (cell && result && !result.resumed) seconds[cell.kind].push(result.seconds);
  }
  const total = cells.reduce((sum, { kind }) => sum + mean(seconds[kind]), 0);
  return Number.isNaN(total) ? undefined : total / jobs;
}
