import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { epochsToSmooth, mean, paired, variance } from '../../src/experiments/statistics.ts';

test('mean and variance count what is there', () => {
  assert.is(mean([1, Number.NaN, 4]), 2.5);
  assert.is(variance([1, Number.NaN, 4]), 4.5);
  assert.ok(Number.isNaN(mean([])));
  assert.ok(Number.isNaN(variance([3])));
});

test('pairs: only whole ones, and an epoch never reached is counted but not averaged', () => {
  const first = [1, 2, Number.NaN, 5, Number.POSITIVE_INFINITY, 7];
  const second = [0, 4, 1, 5, 3, Number.NaN];
  assert.equal(paired(first, second), {
    pairs: 4,
    finite: 3,
    mean: -1 / 3,
    deviation: Math.sqrt(((4 / 3) ** 2 + (5 / 3) ** 2 + (1 / 3) ** 2) / 2),
    larger: 2,
    equal: 1,
    smaller: 1,
  });
});

test('epochs to a smooth loss: from which on the three-epoch mean changes by less than 5 %', () => {
  // Means of up to three: 1, 0.9, 0.8333, 0.8, 0.8, 0.8; changes 10 %, 7.4 %, 4 %, 0, 0.
  assert.is(epochsToSmooth([1, 0.8, 0.7, 0.9, 0.8, 0.7]), 4);
  assert.is(epochsToSmooth([1, 1, 1]), 2);
  // The last change is large.
  assert.is(epochsToSmooth([1, 1, 1, 2]), Number.POSITIVE_INFINITY);
  // Smooth, and rough again, and smooth.
  assert.is(epochsToSmooth([1, 1, 1, 2, 2, 2, 2]), 7);
  assert.is(epochsToSmooth([1]), Number.POSITIVE_INFINITY);
  assert.is(epochsToSmooth([]), Number.POSITIVE_INFINITY);
  // A loss of 0 has no relative change.
  assert.is(epochsToSmooth([0, 0, 0]), Number.POSITIVE_INFINITY);
});

test.run();
