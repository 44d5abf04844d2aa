import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generateTask, loadMask, proceduralTasks, writeTask } from '../../src/data/index.ts';
import { localiseRun } from '../../src/explain/index.ts';
import { defaultFineTune, RunDetector, runFineTune } from '../../src/medetection/index.ts';
import { pixelAuroc } from '../../src/metrics/index.ts';
import { scratch } from '../cli/support.ts';
import { small } from '../medetection/support.ts';

const test = suite('localisation of a run');

const folder = scratch();
const [drawn] = proceduralTasks.filter(({ family }) => family === 'stain');

/** A detector of a drawn task in one of the layouts, hardly trained. */
async function tuned(layout: 'classes' | 'mvtec'): Promise<RunDetector> {
  const data = join(folder, layout);
  const task = generateTask({ ...drawn, size: 32, normal: 12, defective: 12, seed: 0 });
  await writeTask(data, task, layout);
  const run = join(folder, `run-${layout}`);
  await runFineTune({
    folder: run,
    data,
    target: drawn.name,
    init: 'random',
    model: small,
    options: { ...defaultFineTune, epochs: 1, references: 2 },
    seed: 0,
    skipBroken: false,
    allowSeen: false,
    duplicates: 'separate',
  });
  return RunDetector.open(run);
}

const request = { explain: {}, iouThreshold: 0.5, threshold: 0 };

test('rows by defect, over all and over those found, from maps and masks of the test part', async () => {
  const run = await tuned('mvtec');
  const { rows, images, maps, masks, task, unmasked, references } = await localiseRun(run, request);
  const defective = images.filter(({ label }) => label === 1);
  assert.ok(defective.length > 0 && defective.length < images.length);
  assert.equal(
    rows.map(({ name }) => name),
    [drawn.family, 'all', 'found'],
  );
  assert.equal(rows[0], { ...rows[1], name: drawn.family });
  assert.is(rows[1].pictures, defective.length);
  assert.is(rows[1].pixelAuroc, pixelAuroc(maps, masks));
  assert.is(rows[2].pictures, defective.filter(({ score }) => score >= 0).length);
  assert.equal(unmasked, []);
  assert.equal(
    references.map((i) => task.samples[i].label),
    [0, 0],
  );
  for (const [k, { id, label, hit }] of images.entries()) {
    const { mask } = task.samples.find((sample) => sample.id === id)!;
    if (label === 0) assert.ok(hit === null && !masks[k].includes(1));
    else assert.equal(masks[k], await loadMask(mask!, small.size));
  }
  const hits = defective.reduce((sum, { hit }) => sum + hit!, 0);
  assert.ok(Math.abs(rows[1].pointingGame - hits / defective.length) < 1e-12);
});

test('a task without masks is refused', async () => {
  const run = await tuned('classes');
  const error = await localiseRun(run, request).catch((thrown: Error) => thrown);
  assert.match(
    (error as Error).message,
    /localise: \w+: no defective picture of the test part has a mask: give a task in the layout of MVTec AD/,
  );
});

test.run();
