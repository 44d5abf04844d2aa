import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeImage, generateTask, proceduralTasks, writeTask } from '../../src/data/index.ts';
import { rgbBmp } from '../data/encode.ts';
import { medetection, records, scratch, smallModel } from './support.ts';

const folder = scratch();
const path = (...parts: string[]) => join(folder, ...parts);
const [drawn] = proceduralTasks.filter(({ family }) => family === 'stain');
const task = await writeTask(
  path('data'),
  generateTask({ ...drawn, size: 48, normal: 12, defective: 12, seed: 0 }),
  'mvtec',
);
const defects = join(task, 'test', drawn.family);
const run = path('run');

test('a run to explain', async () => {
  const target = ['--data', path('data'), '--target', drawn.name];
  const { code, stderr } = await medetection([
    ...['fine-tune', '--init', 'random', ...target, ...smallModel],
    ...['--epochs', '1', '--references', '2', '--out', run],
  ]);
  assert.is(code, 0, stderr);
});

test('explain writes overlay, heat-map and panel of every picture, of its own size', async () => {
  const picture = join(defects, '000.png');
  const { code, stdout, stderr } = await medetection([
    ...['explain', picture, defects, '--run', run, '--out', path('explained')],
    ...['--method', 'grad-cam++', '--absolute', '--register', '--json'],
  ]);
  assert.is(code, 0, stderr);
  const [{ images, method, block, shift, register }] = records(stdout);
  assert.equal([method, block, shift, register], ['grad-cam++', 'trunk.block1', 2, true]);
  assert.is(images.length, 12, 'a picture that is given twice counts once');
  assert.is(images[0].path, picture);
  for (const { files, reference, score } of images) {
    const size = (kind: string) => {
      const { width, height } = decodeImage(readFileSync(files[kind]), files[kind]);
      return [width, height];
    };
    assert.equal(size('overlay'), [48, 48]);
    assert.equal(size('heatMap'), [48, 48]);
    assert.equal(size('panel'), [4 * 256 + 3 * 4, 256]);
    assert.ok(existsSync(reference) && Number.isFinite(score));
  }
});

test('explain refuses what it cannot do, and then writes nothing', async () => {
  const explain = (...more: string[]) =>
    medetection(['explain', defects, '--run', run, '--out', path('none'), ...more]);
  const block = await explain('--block', 'blocks.block7');
  assert.is(block.code, 1);
  assert.match(
    block.stderr,
    /no block "blocks\.block7"; there are trunk\.block1, trunk\.block2, difference,/,
  );
  const method = await explain('--method', 'lime');
  assert.is(method.code, 2);
  assert.match(method.stderr, /Allowed choices are grad-cam, grad-cam\+\+, hires-cam, features/);
  writeFileSync(path('broken.png'), 'no picture');
  const broken = await medetection(['explain', path('broken.png'), '--run', run, '--out', path('none')]);
  assert.is(broken.code, 1);
  assert.match(broken.stderr, /broken\.png: not an image/);
  assert.not(existsSync(path('none')));
});

test('localise prints a row for each kind of defect, and writes a panel with the mask', async () => {
  const { code, stdout, stderr } = await medetection([
    'localise',
    '--run',
    run,
    '--out',
    path('panels'),
    '--json',
  ]);
  assert.is(code, 0, stderr);
  const [{ rows, images, decision }] = records(stdout);
  assert.equal(
    rows.map(({ name }: { name: string }) => name),
    [drawn.family, 'all', 'found'],
  );
  assert.match(stderr, new RegExp(`${drawn.family} +${rows[0].pictures} +${rows[0].pixelAuroc.toFixed(3)} `));
  assert.ok(Number.isFinite(decision.threshold));
  const [{ id }] = images.filter(({ label }: { label: number }) => label === 1);
  const file = path('panels', `${id.replaceAll('/', '-')}`);
  assert.is(decodeImage(readFileSync(file), file).width, 5 * 256 + 4 * 4);
});

test('panels of pictures that differ in their ending only do not replace each other', async () => {
  const twins = path('twins');
  cpSync(path('data'), twins, { recursive: true });
  const family = join(drawn.name, 'test', drawn.family);
  // BMP files of the same stems; their masks serve both. By seed 2 the test part holds both of one stem.
  for (const name of readdirSync(join(twins, family))) {
    const { width, height, data } = decodeImage(readFileSync(join(twins, family, name)), name);
    writeFileSync(join(twins, family, name.replace('.png', '.bmp')), rgbBmp(width, height, data));
  }
  const other = path('twin-run');
  const tuned = await medetection([
    ...['fine-tune', '--init', 'random', '--data', twins, '--target', drawn.name, ...smallModel],
    ...['--epochs', '1', '--duplicates', 'warn', '--seed', '2', '--out', other],
  ]);
  assert.is(tuned.code, 0, tuned.stderr);
  const { code, stdout, stderr } = await medetection([
    ...['localise', '--run', other, '--out', path('twin-panels'), '--json'],
  ]);
  assert.is(code, 0, stderr);
  const [{ images }] = records(stdout);
  const stems = images
    .filter(({ label }: { label: number }) => label === 1)
    .map(({ id }: { id: string }) => id.replace(/\.[^.]*$/, ''));
  assert.ok(new Set(stems).size < stems.length, 'the test part holds twins');
  assert.is(readdirSync(path('twin-panels')).length, stems.length);
});

test.run();
