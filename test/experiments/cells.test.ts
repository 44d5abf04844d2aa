import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  cellFiles,
  type FineTuneResult,
  hashOf,
  readCell,
  readResult,
  writeCells,
} from '../../src/experiments/cell.ts';
import { cellsOfRequest } from '../../src/experiments/collect.ts';
import { whatDiffers } from '../../src/experiments/differs.ts';
import { estimate } from '../../src/experiments/estimate.ts';
import { experiments } from '../../src/experiments/experiments.ts';
import { makeRequest } from '../../src/experiments/request.ts';
import { changedScale, scales } from '../../src/experiments/scales.ts';
import { refused } from '../support/refused.ts';
import { epochOf, fabricate, requestFor, scratch } from './support.ts';

const cellsOf = (name: string, changes: Parameters<typeof requestFor>[1] = {}) =>
  cellsOfRequest(experiments.find((experiment) => experiment.name === name)!, requestFor(name, changes));
const ids = (name: string) => cellsOf(name).map(({ id }) => id);

test('cells: one meta-training for all that start from it, before them', () => {
  assert.equal(ids('table3').slice(0, 3), [
    'fine-tune.caps.ca-low.random.all.seed-0',
    'meta-train.caps.ca-low.seed-0',
    'fine-tune.caps.ca-low.maml.all.seed-0',
  ]);
  // By target and seed: a meta-training and two fine-tunings; four of each; four of each and four from random weights.
  const counts = { table2: 3, table3: 3, table4: 8, table5: 12, figure4: 3, figure5: 4 };
  for (const [name, each] of Object.entries(counts)) assert.is(cellsOf(name).length, 4 * each, name);
  for (const name of Object.keys(counts)) {
    const seen = new Set<string>();
    for (const { id, needs } of cellsOf(name)) {
      assert.ok(needs.every((need) => seen.has(need.id)));
      assert.not.ok(seen.has(id));
      seen.add(id);
    }
  }
});

test('what several experiments want is one cell', () => {
  assert.equal(ids('figure4'), ids('table3'));
  const all = Object.entries({
    table2: cellsOf('table2'),
    table4: cellsOf('table4'),
    table5: cellsOf('table5'),
  });
  const hashes = new Map<string, string>();
  for (const cell of all.flatMap(([, cells]) => cells)) {
    assert.is(hashes.get(cell.id) ?? hashOf(cell), hashOf(cell));
    hashes.set(cell.id, hashOf(cell));
  }
  // Of 3 + 8 + 12 by target and seed, the meta-trainings and fine-tunings that are there already.
  assert.is(hashes.size, 4 * (3 + 6 + 8));
});

test('a hash covers the cells needed', () => {
  const changed = changedScale(scales.small, ['metaTrain.iterations=7']);
  const [before, after] = [scales.small, changed].map((settings) => cellsOf('table3', { settings }));
  const same = before.map((cell, i) => hashOf(cell) === hashOf(after[i]));
  assert.equal(same.slice(0, 3), [true, false, false]);
});

test('a cell that was begun with another configuration is refused, one that was not is replaced', async () => {
  const folder = scratch();
  const cells = cellsOf('table3');
  const other = cellsOf('table3', { settings: changedScale(scales.small, ['fineTune.rate=0.5']) });
  await writeCells(folder, cells);
  await writeCells(folder, other);
  assert.equal(await readCell(folder, cells[0].id), JSON.parse(JSON.stringify(other[0])));
  mkdirSync(cellFiles.run(folder, cells[0].id));
  await writeCells(folder, other);
  await refused(
    writeCells(folder, cells),
    /cell fine-tune\.caps.* another configuration \(options\.rate: 0\.5, now 0\.001\): give another --out/,
  );
});

test('an old result is no answer to another question', async () => {
  const folder = scratch();
  const [cell] = cellsOf('table3');
  await fabricate(folder, cell, [epochOf(0, 2)]);
  const result = (await readResult(folder, cell)) as FineTuneResult;
  assert.is(result.epochs[0].test.recall, 0.5);
  const [other] = cellsOf('table3', { settings: changedScale(scales.small, ['model.width=5']) });
  await refused(
    readResult(folder, other),
    new RegExp(`another configuration \\(model\\.width: ${scales.small.model.width}, now 5\\)`),
  );
  const path = cellFiles.result(folder, cell.id);
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, 100));
  await refused(readResult(folder, cell), /not a JSON object: the result is damaged/);
  rmSync(path);
  assert.is(await readResult(folder, cell), undefined);
  await refused(readCell(folder, 'nothing'), /there is no such cell/);
});

test('settings are changed by name, and checked', () => {
  const changed = changedScale(scales.small, [
    'model.size=128',
    'metaTrain.algorithm=fomaml',
    'maxPerClass=0',
  ]);
  assert.is(changed.model.size, 128);
  assert.is(changed.metaTrain.algorithm, 'fomaml');
  assert.is(scales.small.model.size, 64);
  assert.throws(() => changedScale(scales.small, ['model.sise=128']), /"model.sise=128" changes no setting/);
  assert.throws(() => changedScale(scales.small, ['model.size=100']), /size 100 must be a multiple of 64/);
  assert.throws(() => changedScale(scales.small, ['fineTune.rate=-1']), /rate is -1; it must be/);
  assert.throws(() => changedScale(scales.small, ['maxPerClass=0.5']), /maxPerClass is 0.5/);
  assert.throws(() => changedScale(scales.small, ['model={"size":32}']), /changes no setting/);
  assert.throws(
    () => changedScale(scales.small, ['maps.method=saliency']),
    /there is no method "saliency"; there are grad-cam, /,
  );
});

test('the maps of figure 5 are made as its settings say', () => {
  const settings = changedScale(scales.small, ['maps.method=grad-cam', 'maps.shift=0']);
  const made = cellsOf('figure5', { settings }).flatMap((cell) =>
    cell.kind === 'localise' ? [cell.maps] : [],
  );
  assert.ok(made.length > 0);
  for (const maps of made) assert.equal(maps, { method: 'grad-cam', shift: 0 });
});

test('settings that the scale leaves out are there to be changed, those of the experiments are not', () => {
  const changed = changedScale(scales.small, [
    'metaTrain.memoryBudget=256',
    'metaTrain.microBatch=1',
    'fineTune.headRate=0.1',
    'fewShot.shots=8',
  ]);
  assert.is(changed.metaTrain.memoryBudget, 256);
  assert.is(changed.metaTrain.microBatch, 1);
  assert.is(changed.fineTune.headRate, 0.1);
  assert.is(changed.fewShot.shots, 8);
  for (const change of [
    'model.attention=none',
    'model.siamese=false',
    'fineTune.patience=3',
    'fineTune.shots=9',
  ])
    assert.throws(
      () => changedScale(scales.small, [change]),
      new RegExp(`"${change}" cannot be asked for: `),
    );
  assert.throws(
    () => changedScale(scales.small, ['fineTune.scales=[64,128]']),
    /images of 128 px give a last map/,
  );
});

test('no fine-tuning is stopped early, however many epochs are asked for', () => {
  const changed = changedScale(scales.small, ['fineTune.epochs=30', 'fewShot.epochs=40']);
  for (const settings of [...Object.values(scales), changed])
    for (const { epochs, patience } of [settings.fineTune, settings.fewShot]) assert.is(patience, epochs);
  assert.equal([changed.fineTune.epochs, changed.fewShot.epochs], [30, 40]);
});

test('cells are those of before the data sets could be left out, unless they are', async () => {
  const folder = scratch();
  for (const task of ['mono', 'poly', 'caps'])
    for (const label of ['0', '1']) {
      mkdirSync(join(folder, task, label), { recursive: true });
      writeFileSync(join(folder, task, label, 'a.png'), '');
    }
  const asked = { scale: 'small', changes: [], data: folder, seeds: [0], targets: ['mono', 'caps'] } as const;
  const make = (leaveOutDataset: boolean) => makeRequest('table3', { ...asked, leaveOutDataset });
  assert.not.ok('siblings' in (await make(false)));
  await refused(make(true), /datasets\.json: there is no such file, .* write one such as \{"mono": /);
  const write = (datasets: object) => writeFileSync(join(folder, 'datasets.json'), JSON.stringify(datasets));
  write({ mono: 'elpv', poly: 'elpv' });
  await refused(make(true), /datasets\.json: it does not name caps/);
  const learned = await make(false);
  assert.equal(learned.siblings, { mono: ['poly'] });
  assert.match(
    whatDiffers(learned, [], false).join('\n'),
    /the target is not all new: mono \(poly\); --leave-out/,
  );
  write({ mono: 'elpv', poly: 'elpv', caps: 'caps' });
  const left = await make(true);
  assert.match(whatDiffers(left, [], false).join('\n'), /no task of a target's own data set is learned from/);
  const [before, after] = [learned, left].map((request) => cellsOf('table3', request));
  assert.not.ok(before.some((cell) => 'leaveOutDataset' in cell));
  // The meta-trainings say so, and by their hashes what needs them differs; fine-tuning from random weights does not.
  for (const [i, cell] of after.entries()) {
    assert.is(
      (cell as { leaveOutDataset?: true }).leaveOutDataset,
      cell.kind === 'meta-train' ? true : undefined,
    );
    assert.is(hashOf(cell) === hashOf(before[i]), cell.id.includes('.random.'));
  }
});

test('what differs is told of the settings as they are', () => {
  const told = (...changes: string[]) =>
    whatDiffers(
      requestFor('table2', { settings: changedScale(scales.small, changes), changes }),
      [],
      true,
    ).join('\n');
  const usual = told();
  assert.match(
    usual,
    /scores are means over 4 fixed references, of few shots means over 2 fixed references, by/,
  );
  assert.not.match(usual, /jointNorm|zeroHead|register/);
  const changed = told(
    ...[
      'model.register=true',
      'metaTrain.jointNorm=true',
      'metaTrain.zeroHead=true',
      'metaTrain.tasksPerStep=1',
    ],
    ...['fineTune.referenceChoice=random', 'fewShot.references=1', 'fewShot.headRate=0.5'],
  );
  assert.match(changed, /network: 64 px, width 16, register true \(the paper/);
  assert.match(
    changed,
    /steps of 1 task with .*, outer rate 0\.002, jointNorm true, zeroHead true \(the paper/,
  );
  assert.match(changed, /of 20 shots 20 epochs, batch 8, rate 0\.001, headRate 0\.5\. The kept/);
  assert.match(
    changed,
    /scores are by one of 4 references, drawn for each picture, of few shots by one fixed reference, by/,
  );
});

test('an estimate is by finished cells of the same kind', async () => {
  const folder = scratch();
  const cells = cellsOf('table3');
  await writeCells(folder, cells);
  assert.is(await estimate(folder, cells, 1), undefined);
  await fabricate(folder, cells[0], [epochOf(0, 2)]);
  assert.is(await estimate(folder, cells, 1), undefined);
  await fabricate(folder, cells[1]);
  assert.is(await estimate(folder, cells.slice(2), 2), (10 * (cells.length - 2)) / 2);
});

test.run();
