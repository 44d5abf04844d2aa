// The choices of the published code's protocol: joint normalisation, sums as inner losses, the order of tasks, several scales,
// drawn references, a rate of its own for the head.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pickReferences, sampleEpisode } from '../../src/data/index.ts';
import { type Tensor, tree } from '../../src/graph/index.ts';
import { episodeOf } from '../../src/medetection/episode.ts';
import {
  defaultFineTune,
  defaultMetaTrain,
  fineTune,
  initMetaState,
  initModel,
  judgingWords,
  logits,
  loss,
  type MetaTrainOptions,
  type ModelConfig,
  type ModelParams,
  metaTrain,
  referencesOf,
  Scorer,
  type TaskImages,
} from '../../src/medetection/index.ts';
import { bceWithLogits, concat, mean } from '../../src/ops/index.ts';
import { Random } from '../../src/random.ts';
import { drawnTask, small } from './support.ts';

const model: ModelConfig = { ...small, width: 4 };
const params = initModel(model, new Random(0));
const tasks = [1, 2, 3].map((seed) => drawnTask(16, seed));

const base: MetaTrainOptions = { ...defaultMetaTrain, iterations: 1, tasksPerStep: 2, support: 4, query: 4 };
const learn = async (options: Partial<MetaTrainOptions>) => {
  const all = { ...base, ...options };
  const seen: number[][] = [];
  const state = await metaTrain(tasks, model, all, initMetaState(params, all), new Random(5), {
    onStep: (step) => void seen.push(step.tasks.map(({ task }) => task)),
  });
  return { state, seen };
};

const values = async (theta: ModelParams) =>
  (await Promise.all(tree.leaves<Tensor>(theta).map((t) => t.data()))).flatMap((data) => [...data]);

const close = (a: readonly number[], b: readonly number[], bound: number) => {
  assert.is(a.length, b.length);
  const scale = Math.max(...b.map(Math.abs));
  for (const [i, value] of a.entries())
    assert.ok(Math.abs(value - b[i]) <= bound * scale, `${i}: ${value} beside ${b[i]}`);
};

test('joint normalisation judges each set by the statistics of both', async () => {
  const shots = sampleEpisode(tasks[0].labels, { support: 4, query: 4, random: new Random(1) });
  const apart = episodeOf(tasks[0], shots, model, false);
  const joint = episodeOf(tasks[0], shots, model, true);
  const all = {
    image: concat([apart.support.image, apart.query.image], 0),
    reference: concat([apart.support.reference, apart.query.reference], 0),
  };
  const both = logits(params, all, model);
  const expected = mean(bceWithLogits(both.slice([0], [4]), apart.support.label));
  const of = async (t: Tensor) => (await t.data())[0];
  assert.is(await of(loss(model)(params, joint.support)), await of(expected));
  assert.is.not(await of(loss(model)(params, joint.support)), await of(loss(model)(params, apart.support)));
  const a = await learn({});
  const b = await learn({ jointNorm: true });
  assert.not.equal(await values(a.state.params), await values(b.state.params));
});

test('a step along the sum of K losses is K times that along their mean', async () => {
  const summed = await learn({ innerLoss: 'sum', innerRate: 0.01 });
  const meant = await learn({ innerLoss: 'mean', innerRate: 0.04 });
  assert.equal(await values(summed.state.params), await values(meant.state.params));
});

test('tasks come one after another where the order is cyclic', async () => {
  const { seen } = await learn({ taskOrder: 'cyclic', iterations: 3 });
  assert.equal(seen, [
    [0, 1],
    [2, 0],
    [1, 2],
  ]);
});

const pyramid: ModelConfig = { ...model, size: 64, head: 'pyramid' };
const large = initModel(pyramid, new Random(3));
const resized = { ...drawnTask(16, 4), size: 32 };

test('a score is the mean over the scales, and over the references or of the drawn one', async () => {
  const normals = pickReferences(resized.labels, 3, new Random(2));
  const batches = [resized.samples.slice(0, 6).map((_, index) => ({ index, reference: 0 }))];
  const statistics = await new Scorer(pyramid, { referenceChoice: 'fixed', scales: [64] }).statistics(
    large,
    resized,
    batches,
  );
  const images = [9, 2, 12];
  const scored = async (
    references: readonly number[],
    scales: number[],
    referenceChoice: 'fixed' | 'random',
  ) => [
    ...(await new Scorer(pyramid, { referenceChoice, scales }).scores(
      { params: large, statistics },
      resized,
      images,
      references,
    )),
  ];
  const [a, b] = [await scored(normals, [64], 'fixed'), await scored(normals, [96], 'fixed')];
  close(
    await scored(normals, [96, 64], 'fixed'),
    a.map((value, i) => (value + b[i]) / 2),
    1e-5,
  );
  const each = await Promise.all(normals.map((one) => scored([one], [64], 'fixed')));
  const drawn = await scored(normals, [64], 'random');
  for (const [i, value] of drawn.entries())
    assert.ok(
      each.some((one) => one[i] === value),
      `image ${images[i]} was compared with one of the references`,
    );
  assert.equal(drawn, await scored(normals, [64], 'random'), 'the same one each time');
});

test('the statistics are means over all scales, however few the batches', async () => {
  const batch = resized.samples.slice(0, 6).map((_, index) => ({ index, reference: 0 }));
  const of = async (...scales: number[]) => {
    const scorer = new Scorer(pyramid, { referenceChoice: 'fixed', scales });
    const found = tree.leaves<Tensor>(await scorer.statistics(large, resized, [batch]));
    return (await Promise.all(found.map((t) => t.data()))).flatMap((data) => [...data]);
  };
  const [a, b] = [await of(64), await of(96)];
  assert.not.equal(a, b);
  close(
    await of(64, 96),
    a.map((value, i) => (value + b[i]) / 2),
    1e-6,
  );
});

test('a picture meets the same reference wherever it lies', () => {
  const judging = { referenceChoice: 'random' } as const;
  const references = [0, 1, 2, 3, 4, 5];
  const elsewhere = { ...resized, samples: resized.samples.map((s) => ({ ...s, id: `/new/${s.id}` })) };
  const images = resized.samples.map((_, i) => i).slice(6);
  const drawn = (task: TaskImages) => images.map((i) => referencesOf(task, i, references, judging));
  assert.equal(drawn(elsewhere), drawn(resized));
  assert.ok(new Set(drawn(resized).flat()).size > 1, 'not one for all');
  assert.equal(referencesOf(resized, 2, references, { referenceChoice: 'fixed' }), [0, 1, 3, 4, 5]);
});

test('how pictures are judged, in words', () => {
  const fixed = { referenceChoice: 'fixed' } as const;
  assert.is(
    judgingWords({ siamese: true }, fixed, 4),
    'each picture is compared with 4 references (the mean of the logits over all references counts)',
  );
  assert.is(
    judgingWords({ siamese: true }, { referenceChoice: 'random', scales: [64, 96] }, 32),
    'each picture is compared with one of 32 references, drawn for it (the mean of the logits over 2 sizes counts)',
  );
  assert.is(
    judgingWords({ siamese: true }, { ...fixed, scales: [64, 96] }, 1),
    'each picture is compared with 1 reference (the mean of the logits over 2 sizes counts)',
  );
  assert.is(
    judgingWords({ siamese: false }, fixed, 4),
    'each picture is judged by itself, without a reference',
  );
});

test('training at several scales shows its images at each, and a size that the head cannot take is refused', async () => {
  const parts = { train: [0, 1, 2, 3, 8, 9, 10, 11], validation: [4, 5, 12, 13], test: [6, 7, 14, 15] };
  const options = { ...defaultFineTune, epochs: 2, batch: 4, references: 1, rate: 1e-3 };
  const tuned = await fineTune(
    resized,
    parts,
    pyramid,
    { ...options, scales: [64, 96] },
    large,
    new Random(7),
  );
  assert.is(tuned.epochs.length, 3);
  const one = await fineTune(resized, parts, pyramid, { ...options, scales: [64] }, large, new Random(7));
  assert.not.equal(await values(tuned.state.params), await values(one.state.params));
  try {
    await fineTune(tasks[0], parts, model, { ...options, scales: [64, 96, 128] }, params, new Random(0));
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /images of 128 px give a last map of 2 x 2.*use head pyramid/);
  }
});

test('the head moves at a rate of its own', async () => {
  const parts = { train: [0, 1, 8, 9], validation: [4, 12], test: [6, 14] };
  const options = { ...defaultFineTune, epochs: 1, batch: 4, references: 1, rate: 1e-3 };
  const tune = async (headRate?: number) =>
    (await fineTune(tasks[0], parts, model, { ...options, headRate }, params, new Random(0))).state.params;
  const [slow, fast] = [await tune(), await tune(5e-3)];
  assert.equal(await slow.blocks.block1.conv.weight.data(), await fast.blocks.block1.conv.weight.data());
  const moved = async (theta: ModelParams) => {
    const [now, before] = [await theta.head.weight.data(), await params.head.weight.data()];
    return [...now].map((value, i) => value - before[i]);
  };
  close(
    (await moved(slow)).map((d) => 5 * d),
    await moved(fast),
    1e-4,
  );
});

test.run();
