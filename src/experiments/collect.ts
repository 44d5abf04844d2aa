import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { savePlot } from '../plot/index.ts';
import { stringifyRecord, writeFileAtomic } from '../store/index.ts';
import {
  type Cell,
  cellFiles,
  type FineTuneResult,
  type LocaliseResult,
  type Result,
  readResult,
} from './cell.ts';
import { whatDiffers } from './differs.ts';
import { cellsOf, localiseCells, localiseId, trialId, trialsOf } from './grid.ts';
import { besidePrinted, type Printed } from './printed.ts';
import { type Experiment, type Report, shown, type Table } from './report.ts';
import type { Request } from './request.ts';

/** All there is of an experiment. */
export interface Collection extends Report {
  readonly request: Request;
  readonly title: string;
  /** What was computed, and what of it is not as in the paper. */
  readonly notes: readonly string[];
  readonly results: readonly Result[];
  /** IDs of the cells that are not finished. */
  readonly missing: readonly string[];
}

/** The cells of an experiment, needs before what needs them. */
export const cellsOfRequest = ({ variants, localise }: Experiment, request: Request): Cell[] => {
  const { targets, seeds } = request;
  return localise
    ? localiseCells(targets, seeds, request)
    : cellsOf(trialsOf(variants, targets, seeds), request);
};

/**
 * Reads what is there of an experiment and makes its tables.
 * @param printed figures of the paper to stand beside.
 * @throws naming a result that is damaged or of another configuration.
 */
export async function collect(
  folder: string,
  experiment: Experiment,
  request: Request,
  printed?: Printed,
): Promise<Collection> {
  const cells = cellsOfRequest(experiment, request);
  const results = new Map<string, Result>();
  for (const cell of cells) {
    const result = await readResult(folder, cell);
    if (result !== undefined) results.set(cell.id, result);
  }
  const { tables, plots, pictures } = experiment.report({
    request,
    resultOf: (trial) => results.get(trialId(trial)) as FineTuneResult | undefined,
    localisedOf: (target, seed) => results.get(localiseId(target, seed)) as LocaliseResult | undefined,
  });
  const there = [...results.values()];
  return {
    request,
    title: experiment.title,
    notes: whatDiffers(
      request,
      there,
      tables.some(({ name }) => printed?.tables[name]),
    ),
    tables: tables.map((table) => besidePrinted(table, printed)),
    plots,
    pictures,
    results: there,
    missing: cells.map(({ id }) => id).filter((id) => !results.has(id)),
  };
}

/** How complete a collection is, in a sentence. */
export const completeness = ({ results, missing }: Collection): string => {
  const all = results.length + missing.length;
  return missing.length === 0
    ? `all ${all} cells are finished`
    : `${missing.length} of ${all} cells are missing, the first is ${missing[0]}`;
};

const line = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

/** A collection as Markdown. */
export function markdown(collection: Collection): string {
  const { title, notes, tables } = collection;
  const list = (items: readonly string[]) => items.map((item) => `- ${item}`).join('\n');
  const parts = tables.flatMap((table) => [
    `## ${table.title}`,
    list(table.notes),
    [
      line(table.columns),
      line(table.columns.map((_, i) => (i < table.keys ? '---' : '---:'))),
      ...table.rows.map((row) => line(row.map(shown))),
    ].join('\n'),
  ]);
  return `${[`# ${title}`, list([...notes, completeness(collection)]), ...parts].join('\n\n')}\n`;
}

/** A table as CSV; what is absent is empty. */
export const csv = ({ columns, rows }: Table): string =>
  stringify([
    [...columns],
    ...rows.map((row) =>
      row.map((value) => (typeof value === 'number' ? (Number.isNaN(value) ? '' : String(value)) : value)),
    ),
  ]);

/**
 * Writes a collection into the experiment's folder: `results.json`, `tables.md`, a CSV file per table, and its plots as SVG and
 * PNG. Returns the names of the files.
 * @param warn is told when the packages that draw are not installed.
 */
export async function writeCollection(
  folder: string,
  collection: Collection,
  warn: (warning: string) => void,
): Promise<string[]> {
  const { request, title, notes, tables, results, missing } = collection;
  const own = join(folder, request.experiment);
  await mkdir(own, { recursive: true });
  const written: string[] = [];
  const write = async (name: string, text: string) => {
    await writeFileAtomic(join(own, name), text);
    written.push(name);
  };
  const record = { version: 1, kind: 'experiment', request, title, notes, missing, tables, results };
  await write('results.json', `${stringifyRecord(record, 1)}\n`);
  await write('tables.md', markdown(collection));
  for (const table of tables) await write(`${table.name}.csv`, csv(table));
  for (const { name, cell, file } of collection.pictures ?? []) {
    await copyFile(join(cellFiles.run(folder, cell), file), join(own, name));
    written.push(name);
  }
  try {
    for (const { name, draw } of collection.plots) {
      const svg = await draw();
      for (const kind of ['svg', 'png']) {
        await savePlot(join(own, `${name}.${kind}`), svg);
        written.push(`${name}.${kind}`);
      }
    }
  } catch (error) {
    warn(`plots were not drawn: ${(error as Error).message}`);
  }
  return written;
}
