import { readFile } from 'node:fs/promises';
import type { Table } from './report.ts';

/**
 * Figures as the paper prints them, typed in by someone who holds it (none are shipped: the paper's text was not at hand, and
 * figures are not made up). A JSON file:
 *
 *   { "source": "Zhang et al. 2023, tables 2 to 5",
 *     "tables": { "table4": [ { "row": ["low", "mean"], "AUROC": 0.9 }, ... ], ... } }
 *
 * `row` is what the table's first columns say, the other names are its columns.
 */
export interface Printed {
  readonly source: string;
  readonly tables: Readonly<Record<string, readonly PrintedRow[]>>;
}

interface PrintedRow {
  readonly row: readonly string[];
  readonly [column: string]: number | readonly string[];
}

/**
 * Reads printed figures.
 * @throws naming the file and what is wrong with it.
 */
export async function readPrinted(path: string): Promise<Printed> {
  const fail = (problem: string): never => {
    throw new Error(`printed figures: ${path}: ${problem}`);
  };
  const text = await readFile(path, 'utf8').catch((error) => fail(error.message));
  let printed: Printed;
  try {
    printed = JSON.parse(text);
  } catch (error) {
    return fail(`not JSON (${(error as Error).message})`);
  }
  if (typeof printed?.source !== 'string' || typeof printed.tables !== 'object' || printed.tables === null)
    fail('expected {"source": TEXT, "tables": {NAME: [{"row": [...], COLUMN: NUMBER}]}}');
  for (const [name, rows] of Object.entries(printed.tables)) {
    if (!Array.isArray(rows))
      fail(`${name}: expected a list of {"row": [...], COLUMN: NUMBER}, found ${JSON.stringify(rows)}`);
    for (const { row, ...figures } of rows.map((one) => Object(one) as PrintedRow))
      if (!Array.isArray(row) || Object.values(figures).some((figure) => !Number.isFinite(figure)))
        fail(
          `${name}: a row must be {"row": [...], COLUMN: NUMBER}, but one is ${JSON.stringify({ row, ...figures })}`,
        );
  }
  return printed;
}

const matches = ({ row }: PrintedRow, cells: readonly (string | number)[]): boolean =>
  row.every((name, i) => cells[i] === name);

/**
 * A table with a column `NAME, paper` behind every column of which the paper prints a figure.
 * @throws naming a row or column of the printed figures that the table does not have.
 */
export function besidePrinted(table: Table, printed: Printed | undefined): Table {
  const figures = printed?.tables[table.name];
  if (printed === undefined || figures === undefined) return table;
  for (const figure of figures) {
    const fail = (absent: string, there: string): never => {
      throw new Error(`printed figures: ${table.name} has no ${absent}; there are ${there}`);
    };
    const unknown = Object.keys(figure).find((name) => name !== 'row' && !table.columns.includes(name));
    if (unknown !== undefined) fail(`column "${unknown}"`, table.columns.join(', '));
    const names = table.rows.map((cells) => cells.slice(0, table.keys));
    if (figure.row.length !== table.keys || !names.some((cells) => matches(figure, cells)))
      fail(`row ${JSON.stringify(figure.row)}`, names.map((cells) => JSON.stringify(cells)).join(', '));
  }
  const isPrinted = (column: string) => figures.some((figure) => column in figure);
  const behind = <T>(own: readonly T[], theirs: (column: string) => T): T[] =>
    own.flatMap((value, i) => (isPrinted(table.columns[i]) ? [value, theirs(table.columns[i])] : [value]));
  return {
    ...table,
    notes: [...table.notes, `paper: ${printed.source}`],
    columns: behind(table.columns, (column) => `${column}, paper`),
    rows: table.rows.map((cells) => {
      const figure = figures.find((candidate) => matches(candidate, cells));
      return behind(cells, (column) => (figure?.[column] as number | undefined) ?? Number.NaN);
    }),
  };
}
