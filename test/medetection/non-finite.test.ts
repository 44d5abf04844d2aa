import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultDevice } from '../../src/device/index.ts';
import {
  defaultFineTune,
  defaultMetaTrain,
  fineTune,
  initMetaState,
  initModel,
  loadParams,
  loadState,
  type ModelParams,
  metaTrain,
  Scorer,
  saveState,
  saveWeights,
} from '../../src/medetection/index.ts';
import { Random } from '../../src/random.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/store/index.ts';
import { refused } from '../support/refused.ts';
import { drawnTask, small, withFilled } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'medetection-'));
const params = initModel(small, new Random(0));
const meta = { ...defaultMetaTrain, iterations: 2, tasksPerStep: 2, support: 4, query: 4 };
const spoilt = withFilled(params, 'blocks.block2.conv.bias', Number.NaN);

test('weights and states that are not finite are not saved, and the good file stays', async () => {
  await saveWeights(folder, small, params);
  await saveState(folder, initMetaState(params, meta));
  const files = ['weights.safetensors', 'state.safetensors'].map((name) => join(folder, name));
  const before = files.map((file) => readFileSync(file));
  await refused(
    saveWeights(folder, small, spoilt),
    /weights\.safetensors: tensor "blocks\.block2\.conv\.bias" has become NaN .*unchanged/,
  );
  await refused(
    saveState(folder, initMetaState(spoilt, meta)),
    /"params\.blocks\.block2\.conv\.bias" has become NaN/,
  );
  assert.equal(
    files.map((file) => readFileSync(file)),
    before,
  );
});

test('files with numbers that are not finite are refused, naming the tensor', async () => {
  for (const [file, tensor, load] of [
    ['weights.safetensors', 'trunk.block1.conv.weight', () => loadParams(folder, small)],
    ['state.safetensors', 'adam.second.params.head.weight', () => loadState(folder, small, meta)],
  ] as const) {
    const path = join(folder, file);
    const good = readFileSync(path);
    const { tensors, metadata } = decodeSafetensors(good, path);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      (tensors[tensor].data as Float32Array)[5] = value;
      writeFileSync(path, encodeSafetensors(tensors, metadata));
      await refused(load(), new RegExp(`${file}: tensor "${tensor}" holds ${value} \\(value 5\\)`));
    }
    writeFileSync(path, good);
    await load();
  }
});

/** So large that a loss is finite and the square of its gradient is not. */
const steep = withFilled(params, 'head.weight', 1e25);
const parts = { train: [0, 1, 2, 3, 8, 9, 10, 11], validation: [4, 5, 12, 13], test: [6, 7, 14, 15] };
const tune = (from: ModelParams) =>
  fineTune(drawnTask(16, 1), parts, small, { ...defaultFineTune, batch: 4 }, from, new Random(0));

test('a score that is not finite is an error that names the image', async () => {
  const scorer = new Scorer(small);
  const task = drawnTask(4, 1);
  const pairings = [[0, 1].map((index) => ({ index, reference: 1 - index }))];
  const statistics = await scorer.statistics(params, task, pairings);
  const scores = await scorer.scores({ params, statistics }, task, [3, 2], [0]);
  assert.ok(scores.every(Number.isFinite));
  const broken = { params: withFilled(params, 'head.bias', Number.NaN), statistics };
  await refused(scorer.scores(broken, task, [3, 2], [0]), /image 3 \(\/pictures\/3\.png\) has the score NaN/);
  assert.ok((await scorer.rawScores(broken, task, [3, 2], [0])).every(Number.isNaN));
});

test('fine-tuning stops at a gradient that is not finite', async () => {
  await refused(tune(steep), /fine-tune: the squared norm of the gradient is Infinity at epoch 1, step 1/);
});

const tasks = [drawnTask(12, 1), drawnTask(12, 2)];
const learn = (from: ModelParams, options: Partial<typeof meta>, on = tasks) =>
  metaTrain(on, small, { ...meta, ...options }, initMetaState(from, meta), new Random(0), {
    nameOf: (task) => ['cups', 'caps'][task],
  });

test('meta-training names the task and the step of what is not finite', async () => {
  await refused(
    learn(withFilled(params, 'head.bias', Number.NaN), {}),
    /step 1: task c[ua]ps: inner step 1: .* head\.bias is NaN \(loss NaN before it\); lower the inner rate/,
  );
  await refused(
    learn(steep, { algorithm: 'anil' }),
    /the squared norm of the meta-gradient over tasks c[ua]ps, c[ua]ps is Infinity at step 1/,
  );
});

test('a picture that is not finite is found in the inner loop of its task', async () => {
  const poisoned = drawnTask(12, 2);
  const images = Float32Array.from(poisoned.images, (byte, i) =>
    i % 3072 === 100 ? Number.NaN : byte / 255,
  );
  await refused(
    learn(params, {}, [tasks[0], { ...poisoned, images: images as unknown as Uint8Array }]),
    /meta-train: step 1: task caps: inner step 1: the norm of what it adds to head\.bias is NaN \(loss NaN/,
  );
});

test('an inner rate that is far too large is found at the step and tensor that explode', async () => {
  await refused(
    learn(params, { innerRate: 1e7 }),
    /meta-train: step 1: task c[ua]ps: inner step 1: it explodes: the norm of what it adds to \S+ is [\d.e+]+ \(loss [\d.]+ before/,
  );
});

test('pictures of one grey, which have no deviation, can be learned from', async () => {
  const { iteration } = await learn(params, {}, [drawnTask(12, 1, true), drawnTask(12, 2, true)]);
  assert.is(iteration, 2);
});

test.after(async () => {
  (await defaultDevice()).dispose();
  rmSync(folder, { recursive: true });
});
test.run();
