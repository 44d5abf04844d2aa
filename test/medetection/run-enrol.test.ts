import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadTaskBytes } from '../../src/data/index.ts';
import { defaultDevice } from '../../src/device/index.ts';
import { tree } from '../../src/graph/index.ts';
import {
  decisionOf,
  defaultFineTune,
  defaultMetaTrain,
  type EnrolRequest,
  evaluateRun,
  loadLearned,
  loadParams,
  loadScores,
  RunDetector,
  readConfig,
  runEnrol,
  runMetaTrain,
} from '../../src/medetection/index.ts';
import { drawData, drawn, scratch } from '../cli/support.ts';
import { refused } from '../support/refused.ts';
import { small } from './support.ts';

const root = scratch();
const path = (...parts: string[]) => join(root, ...parts);
const data = await drawData(path('data'));
const [learned] = drawn.learned;

/** A folder of some pictures of a task, by class and number. */
function folderOf(name: string, task: string, pictures: readonly [0 | 1, number][]): string {
  mkdirSync(path(name));
  for (const [label, i] of pictures) {
    const file = `${String(i).padStart(3, '0')}.png`;
    copyFileSync(join(data, task, String(label), file), path(name, `${label}-${file}`));
  }
  return path(name);
}
const numbers = (label: 0 | 1, ...of: number[]) => of.map((i): [0 | 1, number] => [label, i]);

const good = folderOf('good', drawn.target, numbers(0, 0, 1, 2, 3));
const bad = folderOf('bad', drawn.target, numbers(1, 0, 1));
writeFileSync(path('good', 'notes.txt'), 'four of Monday');

await runMetaTrain({
  folder: path('meta'),
  data,
  target: drawn.target,
  leaveOut: [],
  model: small,
  options: { ...defaultMetaTrain, iterations: 1, tasksPerStep: 2, support: 4, query: 4 },
  seed: 3,
  skipBroken: false,
  checkpointEvery: 1,
});

const request = (changes: Partial<EnrolRequest> = {}): EnrolRequest => ({
  folder: path('enrolled'),
  product: 'new caps',
  good,
  bad,
  from: path('meta'),
  options: { ...defaultFineTune, epochs: 1, batch: 4, rate: 1e-3 },
  seed: 1,
  skipBroken: false,
  allowSeen: false,
  ...changes,
});

test('a handful of photographs becomes a run that judges, and says how far it can be trusted', async () => {
  const warnings: string[] = [];
  const run = await runEnrol(request(), { warn: (warning) => warnings.push(warning) });
  assert.ok(run);
  const { trust } = run;
  assert.equal(trust.counts, { good: 4, bad: 2 });
  assert.is(trust.folds, 6);
  assert.is(trust.losses.length, 2);
  assert.is(trust.losses[trust.epochs], Math.min(...trust.losses));
  assert.is(trust.falseAlarms.of, 4);
  assert.is(trust.misses?.of, 2);
  assert.ok(trust.auroc && trust.auroc.interval.low <= trust.auroc.value);
  assert.match(warnings.join(), /good: 1 file is no PNG, JPEG, BMP or TIFF/);

  const config = await readConfig(path('enrolled'), 'fine-tune');
  assert.equal(config.enrolled, { good, bad });
  assert.equal(
    config.seen.map(({ name }) => name),
    drawn.learned,
  );
  // All that is known comes from photographs left out; the run judges by the threshold that they give.
  const scores = await loadScores(path('enrolled'));
  assert.equal(
    scores.map(({ id, label, part }) => [id, label, part]),
    [
      ...[0, 1, 2, 3].map((i) => [`good/0-00${i}.png`, 0, 'validation']),
      ...[0, 1].map((i) => [`bad/1-00${i}.png`, 1, 'validation']),
    ],
  );
  assert.equal(await decisionOf(path('enrolled')), run.decision);
  assert.is((await loadLearned(path('enrolled'))).pictures.size, 3 * 24 + 6);
  const stored = JSON.parse(readFileSync(path('enrolled', 'enrolment.json'), 'utf8'));
  assert.equal(stored, JSON.parse(JSON.stringify({ version: 1, ...trust })));

  const detector = await RunDetector.open(path('enrolled'));
  assert.is(detector.references.samples.length, 3);
  const pictures = await loadTaskBytes([{ id: 'x', path: path('bad', '1-000.png'), label: 1, kind: 'x' }], {
    size: 32,
  });
  assert.ok(Number.isFinite((await detector.scores(pictures, [0]))[0]));
  await refused(
    evaluateRun(detector, undefined),
    /enrolled: it was enrolled from all its photographs, so no test part/,
  );
});

test('without bad photographs the weights stay what they were', async () => {
  const run = await runEnrol(request({ folder: path('good only'), bad: undefined }));
  assert.ok(run);
  assert.is(run.trust.epochs, 0);
  assert.is(run.trust.misses, undefined);
  assert.is(run.trust.auroc, undefined);
  // 0 of 4 leave 0 to 60%, and 1 of 4 up to 81%.
  assert.ok(run.trust.falseAlarms.interval.high > 0.6);
  assert.match(run.decision.note ?? '', /no defective sample/);
  const [before, after] = await Promise.all(
    [path('meta'), path('good only')].map((folder) => loadParams(folder, small)),
  );
  for (const [i, t] of tree.leaves(before).entries())
    assert.equal(await tree.leaves(after)[i].data(), await t.data());
});

test('when stopped, nothing is left', async () => {
  const controller = new AbortController();
  const run = await runEnrol(request({ folder: path('stopped') }), {
    signal: controller.signal,
    onTraining: () => controller.abort(),
  });
  assert.is(run, undefined);
  assert.not.ok(existsSync(path('stopped')));
});

test('photographs that cannot serve are refused in words', async () => {
  mkdirSync(path('empty'));
  writeFileSync(join(folderOf('broken', drawn.target, numbers(0, 5, 6)), 'x.png'), 'no picture');
  const two = folderOf('two', drawn.target, numbers(0, 5, 6));
  const one = folderOf('one', drawn.target, numbers(1, 5));
  const mixed = folderOf('mixed', drawn.target, [...numbers(1, 0, 1), ...numbers(0, 2)]);
  const copies = folderOf('copies', drawn.target, numbers(0, 5, 6));
  copyFileSync(path('copies', '0-005.png'), path('copies', 'again.png'));
  const attempt = (changes: Partial<EnrolRequest>) => runEnrol(request({ folder: path('no'), ...changes }));

  await refused(attempt({ good: path('empty') }), /empty: no PNG, JPEG, BMP or TIFF picture is in it/);
  await refused(attempt({ good: path('nothing') }), /nothing/);
  await refused(attempt({ good: two }), /there are 2 good photographs that can be used; give at least 3/);
  await refused(attempt({ good: copies }), /there are 2 good photographs that can be used/);
  await refused(attempt({ bad: one }), /1 bad photograph .*give at least 2, or none/);
  await refused(
    attempt({ bad: good }),
    /0-000\.png is in the folder of good photographs and in that of bad ones/,
  );
  await refused(
    attempt({ bad: mixed }),
    /a photograph is good and bad at once.*\n {2}good\/0-002\.png = bad\/0-002\.png/,
  );
  await refused(attempt({ good: path('broken') }), /x\.png: .*--skip-broken/);
  await refused(attempt({ from: path('empty') }), /this is not the folder of a run/);
  await refused(attempt({ folder: path('meta') }), /the folder is not empty/);
  assert.not.ok(existsSync(path('no')));
});

test('what the weights have learned from is refused, by name and by picture', async () => {
  const known = folderOf('known', learned, [...numbers(0, 0), ...numbers(0, 1, 2)]);
  const attempt = (changes: Partial<EnrolRequest>) => runEnrol(request({ folder: path('no'), ...changes }));
  await refused(
    attempt({ product: learned }),
    new RegExp(`have learned from task ${learned}: .*--allow-seen`),
  );
  await refused(
    attempt({ good: known, bad: undefined }),
    new RegExp(`have learned from 3 of the 3 photographs \\(good/0-000\\.png is ${learned}/0/000\\.png\\)`),
  );
  const allowed = await runEnrol(
    request({ folder: path('allowed'), good: known, bad: undefined, allowSeen: true }),
  );
  assert.is(allowed?.config.allowSeen, true);
});

test.after(async () => (await defaultDevice()).dispose());
test.run();
