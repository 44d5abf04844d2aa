import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  batches,
  type Episode,
  pairReferences,
  pickReferences,
  type Shot,
  sampleEpisode,
} from '../../src/data/sampler.ts';
import { Random } from '../../src/random.ts';

const test = suite('sampler');

const labelsOf = (normal: number, defective: number, random: Random): number[] =>
  random.shuffle([...new Array(normal).fill(0), ...new Array(defective).fill(1)]);

const defects = (shots: readonly Shot[]): number => shots.filter(({ label }) => label === 1).length;

/** What holds for every episode. */
const check = (labels: readonly number[], episode: Episode, support: number, query: number): void => {
  const shots = [...episode.support, ...episode.query];
  assert.equal([episode.support.length, episode.query.length], [support, query]);
  const used = new Set(shots.map(({ index }) => index));
  assert.is(used.size, shots.length, 'an image occurs twice');
  const spare = labels.filter((label, i) => label === 0 && !used.has(i)).length;
  for (const { index, label, reference } of shots) {
    assert.is(label, labels[index]);
    assert.is(labels[reference], 0, 'a reference is defective');
    assert.is.not(reference, index);
    if (spare > 0) assert.not.ok(used.has(reference), 'a reference is in the episode though others are free');
  }
  if (spare >= shots.length) {
    assert.is(
      new Set(episode.support.map(({ reference }) => reference)).size,
      support,
      'a reference repeats',
    );
  }
};

test('for many seeds and tasks: sizes, labels, no image twice, proper references', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const labels = labelsOf(2 + random.int(40), 2 + random.int(20), random);
    const support = 2 + random.int(Math.min(16, labels.length - 2));
    const query = random.int(labels.length - support + 1);
    const queryMix = seed % 2 ? 'balanced' : 'natural';
    check(labels, sampleEpisode(labels, { support, query, random, queryMix }), support, query);
  }
});

test('support and query are balanced where the task allows', () => {
  const random = new Random(1);
  const labels = labelsOf(100, 60, random);
  const even = sampleEpisode(labels, { support: 64, query: 20, random });
  assert.equal([defects(even.support), defects(even.query)], [32, 10]);
  const odd = sampleEpisode(labels, { support: 5, query: 3, random });
  assert.equal([defects(odd.support), defects(odd.query)], [2, 1]);
});

test('a class that is short is filled up by the other, and one is kept for the query', () => {
  const random = new Random(2);
  const few = sampleEpisode(labelsOf(200, 35, random), { support: 64, query: 20, random });
  assert.equal([defects(few.support), defects(few.query)], [32, 3]);
  const fewer = sampleEpisode(labelsOf(100, 4, random), { support: 20, query: 10, random });
  assert.equal([defects(fewer.support), defects(fewer.query)], [3, 1]);
  const manyDefects = sampleEpisode(labelsOf(4, 50, random), { support: 20, query: 10, random });
  assert.equal([defects(manyDefects.support), defects(manyDefects.query)], [17, 9]);
});

test('a natural query follows the labels that are left', () => {
  const random = new Random(3);
  const labels = labelsOf(900, 110, random); // 100 of 1,000 are left
  let sum = 0;
  for (let i = 0; i < 200; i++)
    sum += defects(sampleEpisode(labels, { support: 20, query: 20, random, queryMix: 'natural' }).query);
  // 200 x 20 draws at 0.101: mean 404, deviation at most 19.
  assert.ok(Math.abs(sum - 404) < 4 * 19, String(sum));
});

test('the same seed draws the same episode, another seed another', () => {
  const labels = labelsOf(50, 30, new Random(4));
  const draw = (seed: number): Episode =>
    sampleEpisode(labels, { support: 8, query: 8, random: new Random(seed) });
  assert.equal(draw(1), draw(1));
  assert.not.equal(draw(1), draw(2));
});

test('a task without spare normal images takes references from its support', () => {
  const labels = [0, 0, 0, 0, 1, 1, 1, 1];
  for (let seed = 0; seed < 50; seed++) {
    const episode = sampleEpisode(labels, { support: 4, query: 4, random: new Random(seed) });
    check(labels, episode, 4, 4);
    const support = new Set(episode.support.map(({ index }) => index));
    for (const { reference } of [...episode.support, ...episode.query]) assert.ok(support.has(reference));
  }
});

test('too few images are refused with the counts', () => {
  const random = new Random(5);
  const refuse = (normal: number, defective: number, support: number, query: number): void =>
    assert.throws(
      () => sampleEpisode(labelsOf(normal, defective, random), { support, query, random }),
      (error: Error) => error.message.includes(`${normal} normal and ${defective} defective images`),
    );
  refuse(10, 5, 10, 6);
  refuse(1, 20, 4, 4);
  refuse(20, 0, 4, 4);
  refuse(20, 1, 4, 4);
  assert.throws(() => sampleEpisode([0, 0, 1, 1], { support: 1, query: 1, random }), /at least 2/);
});

test('references do not repeat before the pool is used up', () => {
  const random = new Random(6);
  for (let i = 0; i < 50; i++) {
    const pairs = pairReferences([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 7, 8], random);
    pairs.forEach((reference, j) => {
      assert.is.not(reference, j);
    });
  }
  assert.equal(new Set(pairReferences([9, 10, 11], [0, 1, 2], random)), new Set([0, 1, 2]));
  assert.throws(() => pairReferences([4], [4], random), /image 4 has no reference/);
  assert.throws(() => pairReferences([4], [], random), /no reference/);
});

test('fixed references are distinct normal images', () => {
  const labels = [0, 1, 0, 1, 0, 0];
  assert.equal(pickReferences(labels, 4, new Random(1)).sort(), [0, 2, 4, 5]);
  assert.throws(() => pickReferences(labels, 5, new Random(1)), /has 4 normal images, 5 references/);
});

test('batches visit every index once per epoch', () => {
  const random = new Random(7);
  const kept = [...batches(10, 4, random)];
  assert.equal(
    kept.map((batch) => batch.length),
    [4, 4, 2],
  );
  assert.equal(
    kept.flat().sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  const dropped = [...batches(10, 4, random, 'drop')];
  assert.equal(
    dropped.map((batch) => batch.length),
    [4, 4],
  );
  assert.is(new Set(dropped.flat()).size, 8);
  assert.equal([...batches(0, 4, random)], []);
  assert.not.equal([...batches(50, 50, new Random(1))], [...batches(50, 50, new Random(2))]);
  assert.throws(() => [...batches(10, 0, random)], /size must be an integer of at least 1/);
});

test.run();
