import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { average, deviation, mannWhitney, standardErrors } from '../../bench/seeds.ts';

const test = suite('bench/seeds');
const a = [0.674, 0.759, 0.611, 0.597];
const b = [0.604, 0.703, 0.705, 0.596, 0.627];

const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-9 * Math.abs(expected), `${actual}, expected ${expected}`);

// Expected values are those of SciPy 1.10: ttest_ind(equal_var=False), mannwhitneyu(method='exact').
test('means, deviations and their difference in standard errors', () => {
  close(average(a), 0.66025);
  close(deviation(a), 0.07386192072599612);
  close(standardErrors(a, b), 0.30149508261934715);
});

test('the Mann-Whitney test is exact', () => {
  close(mannWhitney(a, b), 0.9047619047619049);
  close(mannWhitney([1, 2, 3, 4], [5, 6, 7, 8, 9]), 0.015873015873015872);
});

test('the Mann-Whitney test counts ties as half', () => {
  // Of the 6 ways to choose 2 of (1, 2, 2, 3), those that take 1 and a 2, or a 2 and 3, are as far from the middle as (1, 2).
  close(mannWhitney([1, 2], [2, 3]), 4 / 6);
});

test.run();
