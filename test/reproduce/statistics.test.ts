import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { normal } from '../../src/nn/index.ts';
import { Random } from '../../src/random.ts';
import { deviation, summarise } from '../../src/reproduce/index.ts';

test('median, mean and the interval of the mean', () => {
  const { median, mean, meanInterval } = summarise([4, 1, 2, 9]);
  assert.is(median, 3);
  assert.is(mean, 4);
  // s^2 = (0 + 9 + 4 + 25) / 3
  const half = (1.959964 * Math.sqrt(38 / 3)) / 2;
  assert.ok(Math.abs(meanInterval[0] - (4 - half)) < 1e-12 && Math.abs(meanInterval[1] - (4 + half)) < 1e-12);
  assert.is(summarise([5, 1, 3]).median, 3);
});

test('the intervals cover the location of a normal population 95 times in a hundred', async () => {
  const [samples, size] = [1000, 101];
  const values = await normal(new Random('coverage'), [samples * size], 1).data();
  let [mean, median] = [0, 0];
  for (let i = 0; i < samples; i++) {
    const { meanInterval, medianInterval } = summarise(values.slice(i * size, (i + 1) * size));
    mean += Number(meanInterval[0] <= 0 && 0 <= meanInterval[1]);
    median += Number(medianInterval[0] <= 0 && 0 <= medianInterval[1]);
  }
  // Three deviations of a binomial count are 21; ranks are rounded outwards, so the median's covers a little more.
  assert.ok(Math.abs(mean - 950) < 25, `mean: ${mean}`);
  assert.ok(median > 930 && median < 985, `median: ${median}`);
});

test('refuses what has no location', () => {
  assert.throws(() => summarise([1]), /at least 2 values, got 1/);
  assert.throws(() => summarise([1, Number.NaN]), /NaN/);
});

test('one task that diverged makes the mean infinite, and leaves the median', () => {
  const { median, medianInterval, mean, meanInterval } = summarise([1, 2, 3, 4, Number.POSITIVE_INFINITY]);
  assert.is(median, 3);
  assert.is(medianInterval[0], 1);
  assert.is(mean, Number.POSITIVE_INFINITY);
  assert.ok(meanInterval.every(Number.isNaN));
});

test('the deviation from a range is that from its nearer end', () => {
  const range = { low: 0.38, high: 0.4 };
  assert.is(deviation(0.39, range), 0);
  assert.ok(Math.abs(deviation(0.44, range) - 0.1) < 1e-12);
  assert.ok(Math.abs(deviation(0.19, range) + 0.5) < 1e-12);
});

test.run();
