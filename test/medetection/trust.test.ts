import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { separationWords } from '../../src/medetection/index.ts';

const test = suite('what is said of an enrolled detector');

test('few photographs that are all told apart are not taken for certainty', () => {
  const words = separationWords({ value: 1, interval: { low: 1, high: 1 } }, { good: 3, bad: 2 });
  assert.not.match(words, /interval|1\.000/);
  assert.match(words, /Every bad one scored above every good one/);
  // Two pairs that share no photograph: p^2 = 0.025.
  assert.match(words, /That 3 good and 2 bad ones .* only 16% or more are known to be/);
});

test('an interval that is one is given', () => {
  const of = (value: number, low: number, high: number) =>
    separationWords({ value, interval: { low, high } }, { good: 5, bad: 5 });
  assert.is(of(0.9, 0.7, 1), 'They gave an AUROC of 0.900 (95% interval 0.700 to 1.000).');
  assert.is(of(0, 0, 0), 'They gave an AUROC of 0.000, of which so few give no interval.');
});

test.run();
