// What weights have learned from, as it is kept from run to run. No run here trains: each ends where its training would start.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { discoverTasks, loadTaskBytes } from '../../src/data/index.ts';
import {
  defaultFineTune,
  defaultMetaTrain,
  initModel,
  learnedPictures,
  loadLearned,
  type MetaTrainRequest,
  type ModelConfig,
  recognised,
  resumeMetaTrain,
  runFineTune,
  runMetaTrain,
  saveLearned,
  toStateDict,
} from '../../src/medetection/index.ts';
import { Random } from '../../src/random.ts';
import { encodeSafetensors } from '../../src/store/index.ts';
import { drawData, drawn, scratch } from '../cli/support.ts';
import { refused } from '../support/refused.ts';
import { small } from './support.ts';

const folder = scratch();
const data = await drawData(join(folder, 'data'));
const path = (...parts: string[]) => join(folder, ...parts);
const [other] = drawn.learned;
const target = (await discoverTasks(data)).find(({ name }) => name === drawn.target)!;

const onStart = () => {
  throw new Error('far enough');
};

test('pictures are known again at another size than they were learned at', async () => {
  const [small, large] = [
    await loadTaskBytes(target.samples, { size: 32 }),
    await loadTaskBytes(target.samples, { size: 96 }),
  ];
  const learned = learnedPictures([{ name: 'caps', images: small, indices: [0, 1] }]);
  const found = recognised(learned, large, [1, 2, 3]);
  assert.equal(
    found.map(({ sample, learned: name }) => [sample.id, name]),
    [[target.samples[1].id, `caps/${target.samples[1].id}`]],
  );
  mkdirSync(path('kept'));
  await saveLearned(path('kept'), learned);
  assert.equal(await loadLearned(path('kept')), learned);
});

test('a list that does not compare is not taken for the whole', async () => {
  mkdirSync(path('old'));
  writeFileSync(path('old', 'learned.json'), '{"version":1,"size":64,"pictures":{"ab":"caps/0/000.png"}}');
  const old = await loadLearned(path('old'));
  assert.is(old.complete, false);
  // Nor is what is learned on top of it.
  const images = await loadTaskBytes(target.samples, { size: 32 });
  assert.is(learnedPictures([{ name: 'caps', images }], old).complete, false);
  writeFileSync(path('old', 'learned.json'), '{"version":2,"pictures":{}}');
  await refused(loadLearned(path('old')), /learned\.json: not a list of learned pictures/);
});

test('of weights from elsewhere it is said that what they learned from is unknown', async () => {
  const model: ModelConfig = { ...small, network: 'official', width: 32, head: 'pyramid' };
  const file = path('published.safetensors');
  const tensors = await toStateDict(model, { params: initModel(model, new Random(0)) });
  writeFileSync(file, encodeSafetensors(tensors));
  const warned = async (init: string) => {
    const warnings: string[] = [];
    const run = runFineTune(
      {
        folder: path(`from ${init === 'random' ? init : 'file'}`),
        ...{ data, init, model, target: drawn.target, seed: 0, skipBroken: false, allowSeen: false },
        options: defaultFineTune,
      },
      { onStart, warn: (warning) => warnings.push(warning) },
    );
    await refused(run, /far enough/);
    return warnings;
  };
  assert.match(
    (await warned(file)).join(),
    /published\.safetensors: what its weights have learned from is unknown/,
  );
  assert.equal(await warned('random'), []);
  assert.is((await loadLearned(path('from file'))).complete, false);
});

const meta = (name: string, changes: Partial<MetaTrainRequest>): MetaTrainRequest => ({
  folder: path(name),
  data,
  target: drawn.target,
  leaveOut: [],
  model: small,
  options: { ...defaultMetaTrain, iterations: 1, tasksPerStep: 2, support: 2, query: 2 },
  seed: 0,
  skipBroken: false,
  checkpointEvery: 1,
  ...changes,
});

test('a target that datasets.json does not name is a data set of its own', async () => {
  const warnings: string[] = [];
  writeFileSync(join(data, 'datasets.json'), JSON.stringify({ [other]: drawn.target }));
  const request = meta('unnamed', { leaveOutDataset: true });
  const hooks = {
    warn: (warning: string) => warnings.push(warning),
    onStart: ({ leaveOut, leaveOutDataset }: { leaveOut: readonly string[]; leaveOutDataset?: string }) => {
      assert.equal([leaveOut, leaveOutDataset], [[], drawn.target]);
      onStart();
    },
  };
  await refused(runMetaTrain(request, hooks), /far enough/);
  assert.match(
    warnings.join(),
    new RegExp(`does not name ${drawn.target}, which is taken for a data set of its own`),
  );
});

test("no picture of the target is learned from, not even one that a cap leaves out of the target's", async () => {
  for (const { path: file, label, id } of target.samples)
    if (label === 0) copyFileSync(file, join(data, other, '0', `copy-${id.replace('/', '-')}`));
  await refused(runMetaTrain(meta('capped', { maxPerClass: 8 }), { onStart }), /far enough/);
  const learned = await loadLearned(path('capped'));
  const whole = await loadTaskBytes(target.samples, { size: 32 });
  assert.equal(recognised(learned, whole, [...whole.samples.keys()]), []);
  assert.ok([...learned.pictures.values()].some((name) => name.startsWith(`${other}/`)));
  await refused(resumeMetaTrain({ folder: path('capped'), checkpointEvery: 1 }, { onStart }), /far enough/);
});

test.run();
