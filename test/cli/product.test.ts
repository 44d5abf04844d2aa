import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeImage } from '../../src/data/index.ts';
import { drawData, drawn, medetection, records, scratch, smallMeta } from './support.ts';

const folder = scratch();
const data = await drawData(join(folder, 'data'));
const path = (...parts: string[]) => join(folder, ...parts);
const [partner, other, third] = drawn.learned;
copyFileSync(join(data, drawn.target, '0', '000.png'), join(data, other, '1', 'copy.png'));
const begin = ['meta-train', '--data', data, '--target', drawn.target, '--iterations', '1', ...smallMeta];

test('tasks --duplicates lists what is there more than once, across tasks too', async () => {
  const { code, stdout, stderr } = await medetection(['tasks', data, '--duplicates', '--json']);
  assert.is(code, 0, stderr);
  const [{ duplicates }] = records(stdout);
  const both = [`${drawn.target}/0/000.png`, `${other}/1/copy.png`];
  assert.equal(duplicates, { copies: [both], near: [], contradictions: [both], skipped: [] });
});

test('a data set is left out whole, and the target is not learned from by way of a copy', async () => {
  const whole = [...begin, '--leave-out-dataset', '--out', path('meta')];
  const missing = await medetection(whole);
  assert.is(missing.code, 1);
  assert.match(
    missing.stderr,
    /datasets\.json: there is no such file, .*write one such as \{"brushed_metal_stain":/,
  );

  const datasets = { [drawn.target]: 'shop', [partner]: 'shop', [other]: 'mill', gone: 'shop' };
  writeFileSync(join(data, 'datasets.json'), JSON.stringify(datasets));
  const { code, stderr } = await medetection(whole);
  assert.is(code, 0, stderr);
  assert.match(stderr, /datasets\.json: it names "gone", which is no task/);
  assert.match(
    stderr,
    new RegExp(`task ${other}: 1 picture left out as copies of pictures of ${drawn.target}`),
  );
  const config = JSON.parse(readFileSync(path('meta', 'config.json'), 'utf8'));
  assert.is(config.leaveOutDataset, 'shop');
  assert.equal(config.leaveOut, [partner]);
  assert.equal(
    config.tasks.map(({ name, images }: { name: string; images: number }) => [name, images]),
    [other, third].map((name) => [name, 24]),
  );
  const refused = await medetection([...begin, '--duplicates', 'refuse', '--out', path('no')]);
  assert.is(refused.code, 1);
  assert.match(refused.stderr, new RegExp(`remove them, or leave the task out by --leave-out ${other}`));
});

test('enroll says what is known and what is not', async () => {
  mkdirSync(path('good'));
  for (const name of ['001.png', '002.png', '003.png', '004.png'])
    copyFileSync(join(data, drawn.target, '0', name), path('good', name));
  const enroll = ['enroll', 'caps', '--good', path('good'), '--from', path('meta'), '--out', path('caps')];
  const { code, stdout, stderr } = await medetection(enroll);
  assert.is(code, 0, stderr);
  assert.match(stdout, /caps: 4 good and 0 bad photographs; each is judged by one of 4 trainings/);
  assert.match(
    stdout,
    /[01234] of 4 good photographs would be called defective when left out: .* between \d+% and \d+%/,
  );
  assert.match(stdout, /How many defects it misses is unknown/);
  assert.match(stdout, /next: .*predict '<folder>' --run/);
  const evaluated = await medetection(['evaluate', '--run', path('caps')]);
  assert.is(evaluated.code, 1);
  assert.match(evaluated.stderr, /no test part is left to measure it on/);
});

test('predict goes through folders, writes a table and pictures, and tells of what it could not read', async () => {
  mkdirSync(path('new', 'tray'), { recursive: true });
  copyFileSync(join(data, drawn.target, '1', '000.png'), path('new', 'b, one.png'));
  copyFileSync(join(data, drawn.target, '1', '001.png'), path('new', 'tray', 'a.png'));
  copyFileSync(path('good', '001.png'), path('new', 'a.png'));
  writeFileSync(path('new', 'broken.png'), 'no picture');
  writeFileSync(path('new', 'list.txt'), 'a, b');
  const { code, stdout, stderr } = await medetection([
    ...['predict', path('new'), '--run', path('caps'), '--json'],
    ...['--csv', path('judged.csv'), '--png', path('shown')],
  ]);
  assert.is(code, 1, stderr);
  const [{ images, others }] = records(stdout);
  assert.is(others, 1);
  assert.equal(
    images.map((image: { path: string }) => image.path),
    ['a.png', 'b, one.png', 'broken.png', join('tray', 'a.png')].map((name) => path('new', name)),
  );
  // The picture is one of those enrolled: it is its own best reference if it was picked, and among them in any case.
  assert.ok(images[0].references.includes(images[0].reference));
  assert.match(stderr, /error: .*broken\.png: /);
  assert.match(stderr, /warning: 1 of 4 pictures could not be read/);

  const [header, ...lines] = readFileSync(path('judged.csv'), 'utf8').trimEnd().split('\n');
  assert.is(header, 'path,score,probability,verdict,reference,error');
  assert.is(lines.length, 4);
  assert.ok(lines[1].startsWith(`"${path('new', 'b, one.png')}",${images[1].score},`), lines[1]);
  assert.match(lines[2], /broken\.png,,,,,"?not an image/);
  assert.equal(readdirSync(path('shown')).sort(), ['a-2.panel.png', 'a.panel.png', 'b, one.panel.png']);
  const panel = path('shown', 'a-2.panel.png');
  const shown = decodeImage(readFileSync(panel), panel);
  assert.ok(
    shown.width > 4 * shown.height - shown.height / 2,
    'picture, reference, difference and map side by side',
  );

  const skipping = await medetection(['predict', path('new'), '--run', path('caps'), '--skip-broken']);
  assert.is(skipping.code, 0, skipping.stderr);
  assert.match(skipping.stdout, /[0-3] of 4 pictures are called defective; 1 other files were passed over/);
});

test('no picture that is given is replaced', async () => {
  mkdirSync(path('photos'));
  for (const name of ['a.png', 'a.panel.png'])
    copyFileSync(join(data, drawn.target, '1', '000.png'), path('photos', name));
  symlinkSync(path('photos', 'a.png'), path('link.png'));
  const before = readFileSync(path('photos', 'a.png'));
  const predict = ['predict', path('photos'), '--run', path('caps')];
  const [png, csv, explain] = await Promise.all([
    medetection([...predict, '--png', path('photos')]),
    medetection([...predict, '--csv', path('link.png')]),
    medetection(['explain', path('photos'), '--run', path('caps'), '--out', path('photos')]),
  ]);
  for (const { code, stderr } of [png, csv, explain]) {
    assert.is(code, 2, stderr);
    assert.match(stderr, /would be replaced, but it is one of the pictures given/);
  }
  rmSync(path('photos', 'a.panel.png'));
  const beside = await medetection([...predict, '--png', path('photos')]);
  assert.is(beside.code, 0, beside.stderr);
  assert.equal(readdirSync(path('photos')).sort(), ['a.panel.png', 'a.png']);
  assert.ok(readFileSync(path('photos', 'a.png')).equals(before));
});

test('what cannot be is refused in words', async () => {
  mkdirSync(path('nothing'));
  const judge = ['predict', '--run', path('caps')];
  const [select, empty, unwritable, kind] = await Promise.all([
    medetection(['fine-tune', '--init', path('meta'), '--select', 'test']),
    medetection([...judge, path('nothing')]),
    medetection([...judge, path('good'), '--csv', path('nowhere', 'x.csv')]),
    medetection([...begin, '--duplicates', 'keep']),
  ]);
  assert.is(select.code, 2);
  assert.match(select.stderr, /What the test part chooses, it can no longer measure/);
  assert.is(empty.code, 1);
  assert.match(empty.stderr, /nothing: no PNG, JPEG, BMP or TIFF picture is in it/);
  assert.is(unwritable.code, 1);
  assert.match(unwritable.stderr, /x\.csv: its folder does not exist/);
  assert.is(kind.code, 2);
  assert.match(kind.stderr, /separate, warn, refuse/);
});

test.run();
