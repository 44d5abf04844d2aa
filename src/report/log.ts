import { join } from 'node:path';
import { runFiles } from '../medetection/index.ts';
import { readJsonLines } from '../store/index.ts';

/**
 * The log of a run, line by line.
 * @throws when there is none, it is damaged, or nothing is in it.
 */
export async function readLog<T>(folder: string): Promise<T[]> {
  const path = join(folder, runFiles.metrics);
  const { records } = await readJsonLines(path);
  if (records.length === 0) throw new Error(`${path}: nothing is in it yet.`);
  return records as T[];
}
