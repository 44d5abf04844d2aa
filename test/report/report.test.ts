import { cpSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decisionOf, evaluateRun, RunDetector } from '../../src/medetection/index.ts';
import { summary } from '../../src/metrics/index.ts';
import { type WrittenReport, writeReport } from '../../src/report/index.ts';
import { scratch } from '../cli/support.ts';
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

async function refused(work: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await work.then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  assert.ok(error, 'nothing was thrown');
  assert.match(error.message, message);
}

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
    assert.match(html, /Every picture is compared with these/);

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
