import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { crossValidate, dealFolds } from '../../src/medetection/index.ts';
import { Random } from '../../src/random.ts';

const test = suite('cross-validation');

const labelsOf = (good: number, bad: number) => [...Array(good).fill(0), ...Array(bad).fill(1)];

test('few photographs are left out one by one, more in five folds of both classes', () => {
  const few = dealFolds(labelsOf(6, 3), new Random(1));
  assert.equal(
    few.map((fold) => fold.length),
    Array(9).fill(1),
  );
  const more = dealFolds(labelsOf(15, 10), new Random(1));
  assert.is(more.length, 5);
  for (const fold of more) {
    assert.is(fold.filter((i) => i < 15).length, 3);
    assert.is(fold.length, 5);
  }
  assert.equal(
    more.flat().sort((a, b) => a - b),
    [...Array(25).keys()],
  );
  assert.equal(dealFolds(labelsOf(15, 10), new Random(1)), more);
  assert.not.equal(dealFolds(labelsOf(15, 10), new Random(2)), more);
});

// Four photographs, each a fold; after one epoch the first two are judged well and the others badly, and the other way round
// after two epochs.
const labels = [0, 1, 0, 1];
const folds = [[0], [1], [2], [3]];
const scores = [
  [9, -5, 3],
  [-9, 5, -3],
  [9, 2, -5],
  [-9, -2, 5],
];
const byFold = scores.map((of) => of.map((score) => Float32Array.of(score)));
const loss = (z: number, label: number) => Math.log1p(Math.exp(label === 1 ? -z : z));

test('the epoch of the lowest loss over all photographs left out is taken', () => {
  const { epochs, losses } = crossValidate(folds, byFold, labels, 'f1');
  const expected = [0, 1, 2].map((e) => scores.reduce((sum, of, i) => sum + loss(of[e], labels[i]), 0) / 4);
  for (const [e, value] of losses.entries()) assert.ok(Math.abs(value - expected[e]) < 1e-6, `epoch ${e}`);
  assert.is(epochs, expected.indexOf(Math.min(...expected)));
});

test('a photograph has no say in the epoch that its own score is of', () => {
  const found = crossValidate(folds, byFold, labels, 'f1').scores;
  for (const i of labels.keys()) {
    const others = [0, 1, 2].map((e) =>
      scores.reduce((sum, of, k) => sum + (k === i ? 0 : loss(of[e], labels[k])), 0),
    );
    assert.is(found[i], scores[i][others.indexOf(Math.min(...others))]);
  }
  // Were the epoch chosen by all, some photographs would be judged after another one.
  const { epochs } = crossValidate(folds, byFold, labels, 'f1');
  assert.ok(scores.some((of, i) => of[epochs] !== found[i]));
});

test('a photograph has no say in the threshold that it is judged by', () => {
  const normal = [0, 0, 0];
  const own = [1, 2, 3].map((score) => [Float32Array.of(score)]);
  const { called } = crossValidate([[0], [1], [2]], own, normal, 'fpr:0');
  // 3 lies above whatever the scores 1 and 2 allow; 1 and 2 do not lie above 3.
  assert.equal(called, [false, false, true]);
});

test.run();
