/**
 * Cells: what experiments consist of. A cell is one process's work, described by one JSON file and ended by another. Of a
 * folder that experiments share:
 *
 *   cells/ID.json      what is to be computed: the whole configuration
 *   results/ID.json    what came of it; the cell is finished when this file is there
 *   runs/ID/           its run, from which a killed cell goes on
 *   logs/ID.log        what its process wrote
 *
 * A meta-training is a cell of its own, which the fine-tunings from it need. Its ID names target, seed and network, so that all
 * experiments of the folder that want the same one share it: tables 2 to 5 and both figures draw on one grid of fine-tunings
 * (`grid.ts`). The ID is for people; the hash of the configuration, which covers those of the cells needed, is what tells whether
 * an old result is an answer to the question asked.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalisationRow, MapMethod } from '../explain/index.ts';
import type { Epoch, FineTuneOptions, MetaTrainOptions, ModelConfig } from '../medetection/index.ts';
import { parseRecord, stringifyRecord, writeFileAtomic } from '../store/index.ts';

interface CommonCell {
  readonly id: string;
  /** Cells whose results this one starts from, and what they were to be. */
  readonly needs: readonly { readonly id: string; readonly hash: string }[];
  /** Absolute path of the folder of tasks. */
  readonly data: string;
  readonly target: string;
  readonly seed: number;
}

interface TrainingCell extends CommonCell {
  readonly model: ModelConfig;
  readonly maxPerClass?: number;
}

export interface MetaTrainCell extends TrainingCell {
  readonly kind: 'meta-train';
  readonly options: MetaTrainOptions;
  /** No task of the target's data set is learned from. */
  readonly leaveOutDataset?: true;
  readonly checkpointEvery: number;
}

export interface FineTuneCell extends TrainingCell {
  readonly kind: 'fine-tune';
  readonly options: FineTuneOptions;
  /** `random`, or the ID of the meta-training. */
  readonly init: string;
}

/** Looks where the detectors of two fine-tunings see defects, on the same pictures. */
export interface LocaliseCell extends CommonCell {
  readonly kind: 'localise';
  /** The IDs of the fine-tunings, by start. */
  readonly detectors: Readonly<Record<Start, string>>;
  /** Defective test pictures to draw. */
  readonly panels: number;
  /** How maps are made, at the block that they are made of by default. */
  readonly maps: MapMethod;
}

export type Cell = MetaTrainCell | FineTuneCell | LocaliseCell;

/** Where a fine-tuning starts from. */
export type Start = 'random' | 'maml';

interface CommonResult<C extends Cell> {
  readonly version: 1;
  readonly kind: C['kind'];
  readonly cell: C;
  /** Of the cell's configuration. */
  readonly hash: string;
  readonly adapter: string;
  readonly versions: Readonly<Record<string, string>>;
  /** When it ended, in ISO 8601. */
  readonly finished: string;
  /** Of the process that ended it; a cell that was resumed took longer in all. */
  readonly seconds: number;
  readonly resumed: boolean;
}

export interface MetaTrainResult extends CommonResult<MetaTrainCell> {
  /** The tasks learned from, and how many pictures of each. */
  readonly tasks: readonly { readonly name: string; readonly images: number }[];
  /** The query loss of every meta-step. */
  readonly losses: readonly number[];
}

export interface FineTuneResult extends CommonResult<FineTuneCell> {
  /** From 0 on, which is the start. The one that is kept is the last that is `best`. */
  readonly epochs: readonly Epoch[];
  /** How many pictures there are in each part. */
  readonly parts: { readonly train: number; readonly validation: number; readonly test: number };
}

export interface LocaliseResult extends CommonResult<LocaliseCell> {
  /** By start, over all defective test pictures; null where no picture has a mask. */
  readonly measured: Readonly<Record<Start, LocalisationRow>> | null;
  /** Files within the cell's run folder: image, reference, maps from random and from meta-trained weights, mask if there is one. */
  readonly panels: readonly string[];
}

export type Result = MetaTrainResult | FineTuneResult | LocaliseResult;

/** What cells do. */
export const kinds: readonly Cell['kind'][] = ['meta-train', 'fine-tune', 'localise'];

export const cellFiles = {
  cell: (folder: string, id: string) => join(folder, 'cells', `${id}.json`),
  result: (folder: string, id: string) => join(folder, 'results', `${id}.json`),
  run: (folder: string, id: string) => join(folder, 'runs', id),
  lock: (folder: string, id: string) => join(folder, 'locks', id),
  log: (folder: string, id: string) => join(folder, 'logs', `${id}.log`),
} as const;

/** Makes the folders that cells write into. */
export async function makeFolders(folder: string): Promise<void> {
  for (const name of ['cells', 'results', 'runs', 'locks', 'logs'])
    await mkdir(join(folder, name), { recursive: true });
}

/** JSON with keys in order, so that equal configurations are equal texts. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** SHA-256 (hex) of a cell's configuration. */
export const hashOf = (cell: Cell): string => createHash('sha256').update(canonical(cell)).digest('hex');

/** The first place where two configurations differ, as `options.rate: 0.01, now 0.02`. */
function difference(before: unknown, now: unknown, path = ''): string | undefined {
  if (canonical(before) === canonical(now)) return undefined;
  if (typeof before !== 'object' || typeof now !== 'object' || before === null || now === null)
    return `${path}: ${JSON.stringify(before)}, now ${JSON.stringify(now)}`;
  const [a, b] = [before as Record<string, unknown>, now as Record<string, unknown>];
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = difference(a[name], b[name], path === '' ? name : `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function readJson(path: string, what: string): Promise<Record<string, unknown> | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new Error(`experiment: ${path}: ${error.message}`);
  });
  if (text === undefined) return undefined;
  const record = parseRecord(text);
  if (record === undefined)
    throw new Error(`experiment: ${path}: not a JSON object: ${what} is damaged; restore it or remove it`);
  return record;
}

/**
 * Reads a cell.
 * @throws naming the file when it is absent, or damaged.
 */
export async function readCell(folder: string, id: string): Promise<Cell> {
  const path = cellFiles.cell(folder, id);
  const cell = await readJson(path, 'the cell');
  if (cell === undefined)
    throw new Error(
      `experiment: ${path}: there is no such cell; the files in ${join(folder, 'cells')} are those there are`,
    );
  if (!kinds.includes(cell.kind as Cell['kind']) || cell.id !== id)
    throw new Error(`experiment: ${path}: it is not cell ${id}; restore it, or let the experiment write it`);
  return cell as unknown as Cell;
}

/**
 * Writes cells for processes to read.
 * @throws naming the cell and what differs when it was begun with another configuration.
 */
export async function writeCells(folder: string, cells: readonly Cell[]): Promise<void> {
  await makeFolders(folder);
  for (const cell of cells) {
    const path = cellFiles.cell(folder, cell.id);
    const before = await readJson(path, 'the cell');
    const changed = before && difference(before, cell);
    if (before !== undefined && changed === undefined) continue;
    const [result, run] = [cellFiles.result(folder, cell.id), cellFiles.run(folder, cell.id)];
    if (changed !== undefined && (existsSync(result) || existsSync(run)))
      throw new Error(
        `experiment: ${path}: cell ${cell.id} was begun with another configuration (${changed}): give another --out, ask for what it was, or remove ${result} and ${run}, and those of the cells that need it`,
      );
    await writeFileAtomic(path, `${stringifyRecord({ ...cell }, 1)}\n`);
  }
}

/**
 * Reads what came of a cell; undefined if it is not finished.
 * @throws naming the file when it is damaged, or is the result of another configuration.
 */
export async function readResult<C extends Cell>(
  folder: string,
  cell: C,
): Promise<Extract<Result, { kind: C['kind'] }> | undefined> {
  const path = cellFiles.result(folder, cell.id);
  const result = (await readJson(path, 'the result')) as unknown as Result | undefined;
  if (result === undefined) return undefined;
  if (result.version !== 1 || result.kind !== cell.kind)
    throw new Error(`experiment: ${path}: it is no result of a ${cell.kind} of version 1; remove it`);
  if (result.hash !== hashOf(cell))
    throw new Error(
      `experiment: ${path}: it is the result of another configuration (${difference(result.cell, cell) ?? 'the file was changed'}): give another --out, or remove it to compute the cell anew`,
    );
  return result as Extract<Result, { kind: C['kind'] }>;
}

export const writeResult = (folder: string, result: Result): Promise<void> =>
  writeFileAtomic(cellFiles.result(folder, result.cell.id), `${stringifyRecord({ ...result }, 1)}\n`);
