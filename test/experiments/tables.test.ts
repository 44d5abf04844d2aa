import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cell } from '../../src/experiments/cell.ts';
import {
  cellsOfRequest,
  collect,
  completeness,
  csv,
  markdown,
  writeCollection,
} from '../../src/experiments/collect.ts';
import { experiments } from '../../src/experiments/experiments.ts';
import { readPrinted } from '../../src/experiments/printed.ts';
import type { Table } from '../../src/experiments/report.ts';
import type { Epoch } from '../../src/medetection/index.ts';
import { epochOf, fabricate, requestFor, scratch } from './support.ts';

const named = (name: string) => experiments.find((experiment) => experiment.name === name)!;

/** An experiment whose fine-tunings had these epochs; those of undefined are missing. */
async function fabricated(name: string, epochsOf: (id: string) => readonly Epoch[] | undefined) {
  const folder = scratch();
  const request = requestFor(name);
  const cells: Cell[] = cellsOfRequest(named(name), request);
  for (const cell of cells) {
    const epochs = cell.kind === 'fine-tune' ? epochsOf(cell.id) : [];
    if (epochs !== undefined) await fabricate(folder, cell, epochs);
  }
  const collected = (printed?: Parameters<typeof collect>[3]) =>
    collect(folder, named(name), request, printed);
  return { folder, request, collected };
}

/** The value of a row, by its names, in a column. */
const at = ({ rows, columns, keys }: Table, row: readonly string[], column: string) =>
  rows.find((cells) => cells.slice(0, keys).join() === row.join())?.[columns.indexOf(column)];

/** Kept at the second epoch, of four, with so many of four defects found after each. */
const course = (...found: number[]): Epoch[] =>
  found.map((n, i) => epochOf(i, n, { best: i < 2, trainLoss: i === 0 ? Number.NaN : 1 }));

test('table 2: means over seeds, then over targets', async () => {
  const { collected } = await fabricated('table2', (id) => {
    if (id.includes('.few.')) return id.includes('tiles') ? undefined : course(0, 1);
    return course(0, id.includes('seed-0') ? 4 : 2);
  });
  const collection = await collected();
  const [table] = collection.tables;
  assert.is(at(table, ['caps', 'all'], 'recall'), 0.75);
  assert.is(at(table, ['caps', 'all'], 'accuracy'), 0.875);
  assert.is(at(table, ['caps', 'all'], 'cells'), '2 of 2');
  // AUROC 1 and 0.5: two defects above, two below all normal pictures.
  assert.is(at(table, ['caps', 'all'], 'AUROC'), 0.75);
  assert.is(at(table, ['caps', 'all'], 'sd of AUROC'), Math.sqrt(0.125));
  assert.is(at(table, ['caps', '20'], 'recall'), 0.25);
  assert.is(at(table, ['tiles', '20'], 'cells'), '0 of 2');
  assert.ok(Number.isNaN(at(table, ['tiles', '20'], 'recall')));
  assert.is(at(table, ['mean of targets', '20'], 'recall'), 0.25);
  assert.match(completeness(collection), /^2 of 12 cells are missing, the first is fine-tune\.tiles/);
});

test('table 3: both starts, and who is ahead', async () => {
  const { collected } = await fabricated('table3', (id) => {
    if (id.includes('.maml.')) return id.includes('caps') ? course(2, 4, 4) : course(0, 2, 1);
    return id.includes('caps') ? course(0, 2, 4) : course(0, 2, 4);
  });
  const [table, differences] = (await collected()).tables;
  assert.is(at(table, ['caps', 'MAML'], 'AUROC at 0'), 0.5);
  assert.is(at(table, ['caps', 'MAML'], 'AUROC at 1'), 1);
  assert.is(at(table, ['caps', 'random'], 'AUROC at 1'), 0.5);
  assert.is(at(table, ['tiles', 'MAML'], 'AUROC at last'), 0.25);
  assert.is(at(table, ['tiles', 'MAML'], 'recall'), 0.5);
  assert.is(at(table, ['caps', 'MAML'], 'epochs to smooth'), '2.0');
  const row = differences.rows.find(([name]) => name === 'AUROC after the last epoch');
  assert.equal(row?.slice(1, 3), ['4', -0.375]);
  assert.equal(row?.slice(4), ['0', '2', '2', '0 of 2']);
  const first = differences.rows.find(([name]) => name === 'AUROC after epoch 1');
  assert.equal(first?.slice(1, 3), ['4', 0.25]);
  assert.equal(first?.slice(4), ['2', '2', '0', '1 of 2']);
});

test('table 3: a loss that is not smooth is counted', async () => {
  const rough = course(0, 1, 1, 1).map((epoch, i) => ({ ...epoch, trainLoss: i === 3 ? 5 : 1 }));
  const { collected } = await fabricated('table3', (id) =>
    id.includes('.maml.') && id.includes('seed-0') ? rough : course(0, 1, 1, 1),
  );
  const [table, differences] = (await collected()).tables;
  assert.is(at(table, ['caps', 'MAML'], 'epochs to smooth'), '2.0 (1 not)');
  // Of four pairs two are level, and in two the meta-trained start is behind; less is better.
  assert.equal(differences.rows.at(-1)?.slice(1, 7), ['4', 0, 0, '0', '2', '2']);
  assert.match(
    differences.notes.join('\n'),
    /difference and sd over the 2 of 4 pairs in which both become smooth; 0 from random weights and 2 from MAML never do/,
  );
});

test('tables 4 and 5: over what all rows have', async () => {
  const attention = await fabricated('table4', (id) =>
    id.includes('ca-high') && id.includes('caps') && id.includes('seed-1')
      ? undefined
      : course(0, id.includes('ca-low') && id.includes('tiles') ? 4 : 2),
  );
  const [table4] = (await attention.collected()).tables;
  assert.match(table4.notes.join('\n'), /the 3 of 4 that all placements have/);
  // Recalls 0.5, 1, 1.
  assert.ok(Math.abs((at(table4, ['low', 'mean'], 'recall') as number) - 2.5 / 3) < 1e-12);
  assert.is(at(table4, ['low', 'variance'], 'recall'), '8.3e-2');
  assert.is(at(table4, ['high', 'variance'], 'recall'), '0.0e+0');

  const ablated = await fabricated('table5', (id) =>
    course(0, id.includes('no-sn') ? 1 : id.includes('maml') ? 4 : 2),
  );
  const [table5] = (await ablated.collected()).tables;
  assert.is(table5.rows.length, 8);
  assert.is(at(table5, ['full', 'MAML'], 'AUROC'), 1);
  assert.is(at(table5, ['full', 'MAML'], 'AUROC less full'), '');
  assert.is(at(table5, ['-SN', 'MAML'], 'AUROC less full'), -0.75);
  assert.is(at(table5, ['-SN', 'MAML'], 'behind full'), '4 of 4');
  assert.match(
    table5.notes.join('\n'),
    /without the siamese branch the AUROC falls, as the paper says: from meta-trained weights by 0\.750 on average, in 4 of 4 pairs/,
  );
  assert.is(at(table5, ['-CA', 'random'], 'AUROC less full'), 0);
});

test('figure 4: curves over epochs, drawn', async () => {
  const { folder, collected } = await fabricated('figure4', (id) =>
    id.includes('.maml.') ? course(2, 4, 4) : course(0, 0, id.includes('seed-0') ? 4 : 2),
  );
  const collection = await collected();
  const [table] = collection.tables;
  assert.is(at(table, ['0'], 'recall, MAML start'), 0.5);
  assert.is(at(table, ['2'], 'recall, random start'), 0.75);
  const warnings: string[] = [];
  const files = await writeCollection(folder, collection, (warning) => warnings.push(warning));
  assert.equal(warnings, []);
  for (const file of ['figure4-recall.svg', 'figure4-recall.png', 'figure4-auroc-tiles.svg'])
    assert.ok(files.includes(file) && existsSync(join(folder, 'figure4', file)), file);
  assert.match(readFileSync(join(folder, 'figure4', 'figure4-recall.svg'), 'utf8'), /MAML start/);
});

test('figure 4: both curves of a target are of the seeds that both starts have', async () => {
  const { collected } = await fabricated('figure4', (id) => {
    if (id.includes('.maml.')) return id.includes('seed-1') ? undefined : course(2, 4, 4);
    return id.includes('seed-1') ? course(4, 4, 4) : course(0, 0, 4);
  });
  const { plots } = await collected();
  const svg = await plots.find(({ name }) => name === 'figure4-recall-caps')!.draw();
  const alone = await fabricated('figure4', (id) =>
    id.includes('seed-1') ? undefined : id.includes('.maml.') ? course(2, 4, 4) : course(0, 0, 4),
  );
  const other = await alone.collected();
  assert.is(svg, await other.plots.find(({ name }) => name === 'figure4-recall-caps')!.draw());
});

test('what is written: Markdown, CSV and JSON with what differs above', async () => {
  const { folder, collected } = await fabricated('table4', () => course(0, 2));
  const collection = await collected();
  await writeCollection(folder, collection, assert.unreachable);
  const text = readFileSync(join(folder, 'table4', 'tables.md'), 'utf8');
  assert.is(text, markdown(collection));
  assert.ok(text.indexOf('the paper: 256 px') < text.indexOf('| low | mean | 0.750 | 0.500 |'));
  assert.match(text, /printed figures were not at hand/);
  assert.match(text, /all 32 cells are finished/);
  assert.match(readFileSync(join(folder, 'table4', 'table4.csv'), 'utf8'), /\nlow,mean,0\.75,0\.5,1,/);
  const record = JSON.parse(readFileSync(join(folder, 'table4', 'results.json'), 'utf8'));
  assert.equal([record.kind, record.results.length, record.missing], ['experiment', 32, []]);
  assert.match(csv({ ...collection.tables[0], rows: [['a, b', 'x', Number.NaN]] }), /\n"a, b",x,\n$/);
});

test("the paper's figures stand beside, when they are given", async () => {
  const { folder, collected } = await fabricated('table4', () => course(0, 2));
  const path = join(folder, 'paper.json');
  const write = (tables: object) =>
    writeFileSync(path, JSON.stringify({ source: 'made up for a test', tables }));
  write({ table4: [{ row: ['low', 'mean'], recall: 0.25, AUROC: 0.5 }] });
  const collection = await collected(await readPrinted(path));
  const [table] = collection.tables;
  assert.equal(table.columns.slice(2, 7), ['accuracy', 'recall', 'recall, paper', 'precision', 'F1']);
  assert.is(at(table, ['low', 'mean'], 'recall, paper'), 0.25);
  assert.is(at(table, ['low', 'mean'], 'precision'), 1);
  assert.ok(Number.isNaN(at(table, ['high', 'mean'], 'AUROC, paper')));
  assert.not.match(collection.notes.join('\n'), /not at hand/);
  assert.match(table.notes.join('\n'), /paper: made up for a test/);

  const refused = async (tables: object, message: RegExp) => {
    write(tables);
    const error = await readPrinted(path)
      .then(collected)
      .then(
        () => undefined,
        (thrown: Error) => thrown,
      );
    assert.match(error?.message ?? 'nothing was thrown', message);
  };
  await refused({ table4: [{ row: ['low', 'mean'], recal: 0.2 }] }, /table4 has no column "recal"/);
  await refused({ table4: [{ row: ['low'], recall: 0.2 }] }, /table4 has no row \["low"\]/);
  await refused(
    { table4: [{ row: ['lo', 'mean'], recall: 0.2 }] },
    /no row \["lo","mean"\]; there are .*\["low","mean"\]/,
  );
  await refused({ table4: [{ row: ['low', 'mean'], recall: 'high' }] }, /a row must be/);
  await refused({ table4: [null] }, /a row must be/);
  await refused({ table4: { low: 0.2 } }, /table4: expected a list of .*, found \{"low":0\.2\}/);
});

test.run();
