import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { linePlot } from '../../src/plot/index.ts';
import { writeReport } from '../../src/report/index.ts';
import { scratch } from '../cli/support.ts';
import { refused } from '../support/refused.ts';

const root = scratch();
const folder = join(root, 'table3');
mkdirSync(folder);
mkdirSync(join(root, 'runs', 'a b-0'), { recursive: true });
writeFileSync(join(root, 'runs', 'a b-0', 'report.html'), '');

const epoch = (number: number, auroc: number, best: boolean) => ({ epoch: number, test: { auroc }, best });
const record = {
  version: 1,
  kind: 'experiment',
  title: 'Table 3: random against <MAML> start',
  request: { experiment: 'table3', seeds: [0] },
  notes: ['data: 2 tasks <small>. The paper: 30 tasks'],
  tables: [
    {
      name: 'table3',
      title: 'By start',
      notes: ['means over seeds'],
      columns: ['start', 'AUROC', 'AUROC, paper'],
      rows: [
        ['random', 0.75, 'NaN'],
        ['MAML & more', 0.8125, 0.9],
      ],
    },
  ],
  results: [
    { kind: 'meta-train', cell: { id: 'meta', target: 'caps', seed: 0 }, seconds: 12.4, losses: [0.7, 0.5] },
    {
      kind: 'fine-tune',
      cell: { id: 'a b-0', target: 'caps', seed: 0 },
      seconds: 3.2,
      epochs: [epoch(0, 0.5, true), epoch(1, 0.875, true), epoch(2, 0.9, false)],
    },
  ],
  missing: ['never-1'],
};
const write = (content: unknown) => writeFileSync(join(folder, 'results.json'), JSON.stringify(content));

test('tables, figures and cells of an experiment, with what differs and what is missing above them', async () => {
  write(record);
  const curve = { name: 'random', x: [0, 1], y: [0.5, 0.7] };
  writeFileSync(
    join(folder, 'table3-auroc.svg'),
    await linePlot({ title: 'AUROC', x: { label: 'epoch' }, y: { label: 'AUROC' }, series: [curve] }),
  );
  const { html, csv } = await writeReport({ folder });
  const page = readFileSync(html, 'utf8');
  assert.match(page, '<h1>Table 3: random against &lt;MAML> start</h1>');
  assert.match(page, '1 of 3 cells are not finished');
  assert.match(page, 'data: 2 tasks &lt;small>. The paper: 30 tasks');
  assert.match(page, '<th scope="row">random</th><td>0.750</td><td>–</td>');
  assert.match(page, '<th scope="row">MAML &amp; more</th><td>0.813</td><td>0.900</td>');
  assert.match(
    page,
    /<img src="data:image\/svg\+xml;base64,[^"]+" width="\d+" height="\d+" alt="table3-auroc.svg"/,
  );
  // The epoch that is kept, and not the best one on the test part.
  assert.match(
    page,
    '<a href="../runs/a%20b-0/report.html">a b-0</a></th><td>caps</td><td>0</td><td>AUROC 0.875</td>',
  );
  assert.match(page, '<th scope="row">meta</th>');
  assert.match(page, '<li>never-1</li>');
  assert.equal(readFileSync(csv!, 'utf8').split('\n'), [
    'id,kind,target,seed,seconds,auroc',
    'meta,meta-train,caps,0,12.4,',
    'a b-0,fine-tune,caps,0,3.2,0.875',
    '',
  ]);
});

test('links lead from where the report is', async () => {
  write(record);
  const { html } = await writeReport({ folder, out: join(root, 'deep', 'er', 'all.html') });
  assert.match(readFileSync(html, 'utf8'), '<a href="../../runs/a%20b-0/report.html">');
});

test('experiments that share a folder are one report, with every cell once', async () => {
  write(record);
  const other = join(root, 'figure4');
  mkdirSync(other);
  const tables = [{ ...record.tables[0], name: 'figure4' }];
  const request = { experiment: 'figure4', seeds: [0] };
  writeFileSync(
    join(other, 'results.json'),
    JSON.stringify({
      ...record,
      title: 'Figure 4: recall',
      request,
      tables,
      missing: ['never-1', 'never-2'],
    }),
  );
  const { html, csv } = await writeReport({ folder: root });
  const page = readFileSync(html, 'utf8');
  assert.match(page, '<h1>2 experiments</h1>');
  assert.match(page, '2 of 4 cells are not finished');
  assert.equal(
    [...page.matchAll(/<h2>([^<]*)</g)].map((m) => m[1]),
    ['Table 3: random against &lt;MAML> start', 'Figure 4: recall', 'Cells', 'Request'],
  );
  assert.is(page.split('<a href="runs/a%20b-0/report.html">').length, 2);
  assert.is(readFileSync(csv!, 'utf8').trimEnd().split('\n').length, 3);
});

test('what is no experiment is refused by name', async () => {
  write({ ...record, kind: 'reproduce' });
  await refused(writeReport({ folder }), /results\.json: kind is "reproduce", expected "experiment"/);
  write({ ...record, version: 2 });
  await refused(writeReport({ folder }), /expected version 1, found 2/);
  write({ ...record, tables: undefined });
  await refused(writeReport({ folder }), /tables is no list/);
  writeFileSync(join(folder, 'results.json'), '{"version": 1');
  await refused(writeReport({ folder }), /not a JSON object: the file is damaged/);
});

test.run();
