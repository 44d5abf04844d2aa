import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultDevice } from '../../src/device/index.ts';
import { tree } from '../../src/graph/index.ts';
import {
  contradictions,
  copiesById,
  defaultFineTune,
  duplicatesOf,
  fineTune,
  guardParts,
  initModel,
  learnedPictures,
  picked,
  recognised,
  type TaskImages,
  withoutTarget,
} from '../../src/medetection/index.ts';
import { Random } from '../../src/random.ts';
import { drawnTask, small } from './support.ts';

const task = drawnTask(16, 1);
const parts = { train: [0, 1, 2, 3, 8, 9, 10, 11], validation: [4, 5, 12, 13], test: [6, 7, 14, 15] };

/** The task with one picture in the place of another. */
function copied(from: number, to: number): TaskImages {
  const length = 3 * task.size ** 2;
  const images = task.images.slice();
  images.copyWithin(to * length, from * length, (from + 1) * length);
  return { ...task, images };
}

test('the labels of the test part decide nothing: epoch, threshold and weights are the same to the bit', async () => {
  const tune = async (images: TaskImages) => {
    const options = { ...defaultFineTune, epochs: 3, batch: 4, rate: 1e-2 };
    const { detector, best, decision, epochs } = await fineTune(
      images,
      parts,
      small,
      options,
      initModel(small, new Random(1)),
      new Random(2),
    );
    const { params, statistics } = detector;
    const weights = await Promise.all(tree.leaves({ params, statistics }).map((t) => t.data()));
    return { weights: weights.map((w) => [...w]), epoch: best.epoch, decision, epochs };
  };
  const labels = task.labels.map((label, i) => (parts.test.includes(i) ? 1 - label : label));
  const [as, other] = [await tune(task), await tune({ ...task, labels })];
  assert.equal(other.weights, as.weights);
  assert.is(other.epoch, as.epoch);
  assert.equal(other.decision, as.decision);
  // The labels did arrive: what is measured on the test part turns over.
  assert.ok(Math.abs(other.epochs[0].test.auroc - (1 - as.epochs[0].test.auroc)) < 1e-12);
});

const guard = (images: TaskImages, policy: 'separate' | 'warn' | 'refuse'): string[] => {
  const warnings: string[] = [];
  guardParts('caps', images, parts, duplicatesOf(images), policy, (warning) => warnings.push(warning));
  return warnings;
};

test('a copy in two parts is told of or refused, with both names', () => {
  const twice = copied(0, 6);
  assert.equal(guard(task, 'refuse'), []);
  assert.match(
    guard(twice, 'warn').join(),
    /caps: 1 picture is in two parts .*\n {2}0\.png \(train\) = 6\.png \(test\)/,
  );
  assert.throws(() => guard(twice, 'refuse'), /duplicates: caps: 1 picture is in two parts/);
  // Within one part a copy does no harm to what is measured.
  assert.equal(guard(copied(0, 1), 'refuse'), []);
  assert.equal(
    [...copiesById(duplicatesOf(twice))],
    [
      ['0.png', '0.png'],
      ['6.png', '0.png'],
    ],
  );
});

test('a picture that is normal and defective is told of', () => {
  const both = copied(0, 8);
  assert.is(contradictions(duplicatesOf(both)).length, 1);
  assert.match(
    guard(both, 'separate').join(),
    /both as normal and as defective.*\n {2}0\.png \(train\) = 8\.png \(train\)/,
  );
  assert.throws(() => guard(both, 'refuse'), /both as normal and as defective/);
});

test("the target's pictures are not learned from in other tasks", () => {
  const target = { name: 'caps', images: drawnTask(6, 2) };
  const own = picked(target.images, [3, 4]);
  const learned = {
    name: 'tiles',
    images: {
      ...task,
      images: Uint8Array.of(...own.images, ...task.images),
      labels: Uint8Array.of(0, 1, ...task.labels),
      samples: [...own.samples.map((s) => ({ ...s, id: `copy of ${s.id}` })), ...task.samples],
    },
  };
  const warnings: string[] = [];
  const apply = (policy: 'separate' | 'warn' | 'refuse') =>
    withoutTarget([learned], target, policy, (warning) => warnings.push(warning))[0];
  const left = apply('separate');
  assert.equal(left.images, task.images);
  assert.equal(left.labels, task.labels);
  assert.equal(left.samples, task.samples);
  assert.match(
    warnings[0],
    /task tiles: 2 pictures left out as copies of pictures of caps.*\n {2}tiles\/copy of 3\.png = caps\/3\.png/,
  );
  assert.is(apply('warn'), learned.images);
  assert.throws(
    () => apply('refuse'),
    /2 pictures .*of caps, .*\n.*\n.*\nremove them, or leave the task out by --leave-out tiles/,
  );
  assert.is(withoutTarget([{ name: 'tiles', images: task }], target, 'refuse', undefined)[0], task);
});

test('pictures that were learned from are known again, through the runs between', () => {
  const first = learnedPictures([{ name: 'tiles', images: task, indices: [0, 1] }]);
  const second = learnedPictures([{ name: 'caps', images: drawnTask(4, 2) }], first);
  assert.is(second.pictures.size, 6);
  const found = recognised(second, task, [1, 2, 3]);
  assert.equal(
    found.map(({ sample, learned }) => [sample.id, learned]),
    [['1.png', 'tiles/1.png']],
  );
});

test.after(async () => (await defaultDevice()).dispose());
test.run();
