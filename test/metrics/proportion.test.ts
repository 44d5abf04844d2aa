import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { proportionInterval } from '../../src/metrics/index.ts';

const test = suite('interval of a proportion');

const close = (actual: number, expected: number): void => {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual}, expected ${expected}`);
};

test('the ends are where the tails are', () => {
  // Of no success, and of nothing else, the equations can be solved by hand.
  for (const n of [1, 6, 30, 1000]) {
    const { low, high } = proportionInterval(0, n);
    assert.is(low, 0);
    close(high, 1 - 0.025 ** (1 / n));
    const all = proportionInterval(n, n);
    close(all.low, 0.025 ** (1 / n));
    assert.is(all.high, 1);
  }
  // Clopper and Pearson's own kind of table: R's binom.test(3, 10) and (1, 20) print these.
  const { low, high } = proportionInterval(3, 10);
  assert.ok(Math.abs(low - 0.06673951) < 1e-8 && Math.abs(high - 0.6524529) < 1e-7, `${low} ${high}`);
  const rare = proportionInterval(1, 20);
  assert.ok(Math.abs(rare.low - 0.001265089) < 1e-8 && Math.abs(rare.high - 0.2487328) < 1e-7);
});

test('it turns with its counts, and narrows with less confidence', () => {
  const one = proportionInterval(7, 50);
  const other = proportionInterval(43, 50);
  close(one.low, 1 - other.high);
  close(one.high, 1 - other.low);
  const narrow = proportionInterval(7, 50, 0.5);
  assert.ok(one.low < narrow.low && narrow.high < one.high);
});

test('counts that are none are refused', () => {
  for (const [k, n, confidence] of [
    [-1, 5, 0.95],
    [6, 5, 0.95],
    [0, 0, 0.95],
    [0.5, 5, 0.95],
    [1, 5, 1],
  ])
    assert.throws(() => proportionInterval(k, n, confidence), /proportionInterval: /);
});

test.run();
