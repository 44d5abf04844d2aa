import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { columns, decisionOf, loadScores, saveJudgement } from '../../src/medetection/index.ts';
import { scratch } from '../cli/support.ts';
import { refused } from '../support/refused.ts';
import { drawnTask } from './support.ts';

const folder = scratch();
const path = (file: string) => join(folder, file);
const json = (file: string) => JSON.parse(readFileSync(path(file), 'utf8'));

// Of 12 pictures the first six are normal.
const task = drawnTask(12, 1);
const parts = { train: [0, 1, 6, 7], validation: [2, 3, 8, 9], test: [4, 10] };
const scores = { validation: Float32Array.of(-2, 0.3, 0.1, 4), test: Float32Array.of(-1, 1.1) };
const saved = () => saveJudgement(folder, task, parts, scores, 'f1');

test('scores are saved with id, label, kind and part, to the bit', async () => {
  await saved();
  assert.equal(json('scores.json').images[1], {
    id: '3.png',
    label: 0,
    kind: 'good',
    score: Math.fround(0.3),
    part: 'validation',
  });
  const images = await loadScores(folder);
  assert.equal(columns(images, 'validation'), [[0, 0, 1, 1], [...scores.validation]]);
  assert.equal(columns(images, 'test'), [[0, 1], [...scores.test]]);
});

test('the decision is saved with what it gives on validation, and is the default', async () => {
  const { version, validation, ...decision } = json('decision.json');
  assert.is(version, 1);
  // Calling all but the lowest: one false alarm, no miss.
  assert.equal(decision, { rule: 'f1', threshold: (Math.fround(0.1) - 2) / 2 });
  assert.equal(validation.confusion, {
    truePositive: 2,
    falsePositive: 1,
    falseNegative: 0,
    trueNegative: 1,
  });
  assert.is(validation.threshold, decision.threshold);
  assert.equal(await decisionOf(folder), decision);
});

test('another rule decides on the saved validation scores', async () => {
  const { threshold, note } = await decisionOf(folder, 'cost:0.4');
  assert.is(threshold, (4 + Math.fround(0.3)) / 2);
  assert.is(note, undefined);
  assert.match((await decisionOf(folder, 'fpr:0.05')).note!, /5% of 2 normal samples is less than one/);
  assert.equal(await decisionOf(folder, -7), { rule: -7, threshold: -7 });
});

test('validation without a defect: the note is saved with the decision', async () => {
  const normal = { ...parts, validation: [2, 3] };
  const two = { ...scores, validation: Float32Array.of(-2, 1) };
  await saveJudgement(folder, task, normal, two, 'cost:10');
  const { validation } = json('decision.json');
  assert.is(validation.recall, 'NaN');
  const decision = await decisionOf(folder);
  assert.is(decision.rule, 'cost:10');
  assert.is(decision.threshold, 2.5);
  assert.match(
    decision.note!,
    /no defective sample, so cost:10 cannot be decided: the threshold is that of fpr:0.05/,
  );
});

test('files that are gone, damaged or of another version say what to do', async () => {
  for (const file of ['scores.json', 'decision.json'] as const) {
    const decide = () => (file === 'scores.json' ? decisionOf(folder, 'f1') : decisionOf(folder));
    await saved();
    rmSync(path(file));
    await refused(decide(), new RegExp(`${file}: there (are no scores|is no decision).*--threshold`));
    mkdirSync(path(file));
    await refused(decide(), new RegExp(`${file}: EISDIR`));
    rmSync(path(file), { recursive: true });
    await saved();
    const text = readFileSync(path(file), 'utf8');
    writeFileSync(path(file), text.slice(0, text.length / 2));
    await refused(decide(), new RegExp(`${file}: it is not a JSON object of version 1: the file is damaged`));
    writeFileSync(path(file), '{"version":2}');
    await refused(decide(), new RegExp(`${file}: it is not a JSON object of version 1`));
    writeFileSync(path(file), '{"version":1}');
    await refused(decide(), new RegExp(`${file}: (images must be a list|rule or threshold is missing)`));
  }
  // A number judges by itself.
  assert.is((await decisionOf(folder, 1)).threshold, 1);
  await saved();
  const { images } = json('scores.json');
  for (const wrong of [{ score: 'NaN' }, { label: 2 }, { part: 'train' }, { id: 3 }, { kind: null }]) {
    writeFileSync(path('scores.json'), JSON.stringify({ version: 1, images: [{ ...images[0], ...wrong }] }));
    await refused(decisionOf(folder, 'f1'), /images must be a list of \{id, label, kind, score, part\}/);
  }
  for (const wrong of [{ rule: 'f2' }, { threshold: 'NaN' }, { threshold: '1' }, { note: 1 }]) {
    writeFileSync(path('decision.json'), JSON.stringify({ version: 1, rule: 'f1', threshold: 1, ...wrong }));
    await refused(decisionOf(folder), /rule or threshold is missing or of the wrong type/);
  }
});

test.run();
