import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decisionOf,
  defaultFineTune,
  evaluateRun,
  RunDetector,
  runEnrol,
  runFineTune,
} from '../../src/medetection/index.ts';
import { summary } from '../../src/metrics/index.ts';
import { type WrittenReport, writeReport } from '../../src/report/index.ts';
import { scratch } from '../cli/support.ts';
import { small } from '../medetection/support.ts';
import { refused } from '../support/refused.ts';
import { hostile, makeRuns } from './support.ts';

const folder = scratch();
/** What the run's detector computes of the test part now, at the run's threshold. */
const measured = async () => {
  const { images } = await evaluateRun(await RunDetector.open(tuned), undefined);
  const { threshold } = await decisionOf(tuned);
  const [labels, scores] = [images.map(({ label }) => label), images.map(({ score }) => score)];
  return { images, threshold, test: summary(labels, scores, threshold) };
};
const { data, meta, tuned } = await makeRuns(folder);
const written = await writeReport({ folder: tuned, out: join(folder, 'reports', 'tuned.html') });
const out = (name: string) => join(folder, 'reports', `${name}.html`);
const text = ({ html }: WrittenReport) => readFileSync(html, 'utf8');
const escaped = (name: string) => name.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
const headings = (html: string) => [...html.matchAll(/<h2>([^<]*)</g)].map((m) => m[1]);
const leftOut = (html: string) => [...html.matchAll(/<strong>Left out: ([^<]*)\.</g)].map((m) => m[1]);

test('a fine-tuned run: every section, the figures of its evaluation, nothing from elsewhere', async () => {
  const html = text(written);
  assert.equal(leftOut(html), []);
  assert.equal(headings(html), [
    'Decisions',
    'Mistakes and finds',
    'Types of defect',
    'Localisation',
    'Data',
    'Fine-tuning',
    'Meta-training',
    'First and second order',
    'Configuration',
    'Hashes',
  ]);
  const { test: now } = await measured();
  for (const value of [now.auroc, now.recall, now.precision, now.f1, now.accuracy])
    assert.match(html, `<b>${value.toFixed(3)}</b>`);
  const { splitHash, testHash } = JSON.parse(readFileSync(join(tuned, 'config.json'), 'utf8'));
  for (const hash of [splitHash, testHash]) assert.match(html, hash);

  const addresses = [...html.matchAll(/(?: (?:src|href)="|url\()([^")]*)/g)].map((m) => m[1]);
  assert.ok(addresses.length > 20);
  for (const address of addresses) assert.match(address, /^(#|data:image\/)/);
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map((m) => m[1]);
  assert.is(new Set(ids).size, ids.length, 'an id is there twice');
  for (const [, id] of html.matchAll(/(?:href="|url\()#([^")]*)/g)) assert.ok(ids.includes(id), id);
});

test('names that are HTML are text', () => {
  const html = text(written);
  assert.match(html, `<h1>${escaped(hostile.target)}</h1>`);
  for (const name of [hostile.kind, hostile.file]) assert.match(html, escaped(name));
  assert.not.match(html, /<script|<img src=x|<b>steel/);
});

test('the same run gives the same report, byte for byte', async () => {
  const again = await writeReport({ folder: tuned, out: out('again') });
  assert.is(text(again), text(written));
  assert.is(readFileSync(again.csv!, 'utf8'), readFileSync(written.csv!, 'utf8'));
});

test('the table beside it has every test picture with its score and decision', async () => {
  const { csv } = written;
  assert.is(csv, out('tuned').replace(/html$/, 'csv'));
  const [head, ...lines] = readFileSync(csv!, 'utf8').trimEnd().split('\n');
  assert.is(head, 'id,label,kind,score,decision');
  const { images, threshold } = await measured();
  assert.is(lines.length, images.length);
  for (const [i, { score }] of images.entries())
    assert.ok(lines[i].endsWith(`,${score},${score >= threshold ? 'defective' : 'normal'}`), lines[i]);
  assert.ok(images.some(({ label }) => label === 1) && images.some(({ label }) => label === 0));
});

test('pictures that cannot be read are named', () => {
  assert.match(text(written), /left out, unreadable: [^<]*broken\.png: /);
});

test('pictures are counted as the training had them: the shots alone, and those that can be read', async () => {
  const run = join(folder, 'few');
  let parts: { train: number; validation: number; test: number } | undefined;
  await runFineTune(
    {
      ...{ folder: run, data, target: hostile.target, init: 'random', model: small, seed: 3 },
      ...{ skipBroken: true, allowSeen: false, duplicates: 'warn' },
      options: { ...defaultFineTune, epochs: 1, batch: 4, references: 2, shots: 8 },
    },
    { onStart: (_config, counts) => (parts = counts) },
  );
  const { train, validation, test } = parts!;
  assert.ok(train + validation <= 8);
  const html = text(await writeReport({ folder: run, out: out('few') }));
  const all = [train, validation, test, train + validation + test];
  assert.match(html, `<th scope="row">all</th>${all.map((count) => `<td>${count}</td>`).join('')}`);
});

test('an enrolled run: how far it can be trusted, and its photographs as they were judged when left out', async () => {
  const photographs = join(folder, 'photographs');
  const product = join(data, hostile.target);
  const folders = { good: join(product, 'test', 'good'), bad: join(product, 'test', 'dent') };
  for (const [side, from] of Object.entries(folders)) {
    mkdirSync(join(photographs, side), { recursive: true });
    const names = readdirSync(from).filter((name) => /^\d+\.png$/.test(name));
    for (const name of names.slice(0, side === 'good' ? 4 : 2))
      cpSync(join(from, name), join(photographs, side, name));
  }
  const [good, bad] = ['good', 'bad'].map((side) => join(photographs, side));
  const run = join(folder, 'enrolled');
  const common = { folder: run, product: 'new <caps>', good, bad, from: meta, seed: 1 };
  const options = { ...defaultFineTune, epochs: 1, batch: 4, rate: 1e-3 };
  const { trust } = (await runEnrol({ ...common, options, skipBroken: false, allowSeen: true }))!;
  const report = await writeReport({ folder: run, out: out('enrolled') });
  const html = text(report);
  assert.equal(leftOut(html), []);
  assert.equal(headings(html), [
    'How far it can be trusted',
    'Decisions',
    'Photographs',
    'Meta-training',
    'First and second order',
    'Configuration',
    'Hashes',
  ]);
  const { falseAlarms, misses } = trust;
  const said = ({ count, of }: { count: number; of: number }, what: string) =>
    `${count} of ${of} ${what} when left out`;
  assert.match(html, said(falseAlarms, 'good photographs would be called defective'));
  assert.match(html, said(misses!, 'bad photographs would be called normal'));
  assert.match(html, 'Photographs when left out by what they are and what they were called');
  assert.not.match(html, /test pictures|those of the test part|validation part|folder of tasks|patience/i);
  for (const name of readdirSync(good)) assert.match(html, `alt="good/${name}"`);
  assert.is(readFileSync(report.csv!, 'utf8').trimEnd().split('\n').length, 1 + 6);

  rmSync(photographs, { recursive: true });
  rmSync(join(run, 'enrolment.json'));
  const gone = text(await writeReport({ folder: run, out: out('enrolled-gone') }));
  assert.equal(leftOut(gone), ['what cross-validation showed', 'the photographs']);
});

test('a meta-training alone: curves, tasks, meta-gradients, and no table', async () => {
  const alone = await writeReport({ folder: meta });
  assert.is(alone.html, join(meta, 'report.html'));
  assert.is(alone.csv, undefined);
  const html = text(alone);
  assert.equal(leftOut(html), []);
  assert.equal(headings(html), [
    'Meta-training',
    'First and second order',
    'Tasks',
    'Configuration',
    'Hashes',
  ]);
  assert.match(html, /a cosine of −?[01]\.\d{3} with the true/);
});

test('what is gone is left out, and the report says so', async () => {
  const [movedData, movedMeta] = [join(folder, 'elsewhere'), join(folder, 'meta-elsewhere')];
  renameSync(data, movedData);
  renameSync(meta, movedMeta);
  try {
    const gone = await writeReport({ folder: tuned, out: out('gone') });
    const html = text(gone);
    const missing = leftOut(html);
    for (const what of ['the pictures and their heat-maps', 'pictures of each kind', 'problems of the data'])
      assert.ok(missing.includes(what), `${what} is not among ${missing}`);
    assert.ok(
      missing.some((what) => what.includes('meta-gradients')),
      String(missing),
    );
    assert.match(html, /the folder cannot be read/);
    // What the run itself holds is there.
    assert.is(readFileSync(gone.csv!, 'utf8'), readFileSync(written.csv!, 'utf8'));
    for (const id of ['roc', 'loss']) assert.match(html, `<figure class="plot" id="${id}">`);
    assert.match(html, /each picture is compared with/);

    const moved = text(await writeReport({ folder: tuned, out: out('moved'), data: movedData }));
    assert.not(leftOut(moved).includes('the pictures and their heat-maps'), String(leftOut(moved)));
  } finally {
    renameSync(movedData, data);
    renameSync(movedMeta, meta);
  }
});

test('a run that was stopped before it had scores has a report of what there is', async () => {
  const stopped = join(folder, 'stopped');
  cpSync(tuned, stopped, { recursive: true });
  for (const file of ['scores.json', 'weights.safetensors']) rmSync(join(stopped, file));
  const alone = await writeReport({ folder: stopped, out: out('stopped'), data: folder });
  assert.is(alone.csv, undefined);
  assert.ok(leftOut(text(alone)).includes('what the test part shows'));
  assert.match(text(alone), '<figure class="plot" id="loss">');
});

test('what is no run, and no name of a report, is refused', async () => {
  await refused(
    writeReport({ folder: data }),
    /config\.json: there is no such file: .* not the folder of a run/,
  );
  await refused(writeReport({ folder: tuned, out: join(folder, 'r.pdf') }), /r\.pdf: .* must end in \.html/);
});

test.run();
