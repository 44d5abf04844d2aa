import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { auroc, bootstrap, summary, summaryIntervals } from '../../src/metrics/index.ts';
import { Random } from '../../src/random.ts';

const test = suite('bootstrap');

/** Two normal distributions of unit variance, half their samples each. */
function drawn(n: number, distance: number, seed: number): { labels: number[]; scores: number[] } {
  const random = new Random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const labels = Array.from({ length: n }, (_, i) => i % 2);
  return { labels, scores: labels.map((label) => normal() + distance * label) };
}
const aurocOf = (labels: Uint8Array, scores: Float64Array) => ({ auroc: auroc(labels, scores) });

test('resamples keep the number of each class, draw from its scores, and fall', () => {
  const labels = [1, 0, 0, 1, 0];
  const scores = [3, 1, 2, 0, 2];
  const seen = new Set<string>();
  bootstrap(
    labels,
    scores,
    (l, s) => {
      assert.is(
        l.reduce((a, b) => a + b),
        2,
      );
      assert.is(s.length, 5);
      l.forEach((label, i) => {
        assert.ok((label === 1 ? [3, 0] : [1, 2]).includes(s[i]), `${label} ${s[i]}`);
        if (i > 0) assert.ok(s[i] <= s[i - 1]);
      });
      seen.add(`${l} ${s}`);
      return {};
    },
    { random: new Random(0) },
  );
  // Three multisets of the two defective scores, four of the normal ones (1, 2, 2 with the twos alike).
  assert.is(new Set([...seen].map((s) => s.split(' ')[1])).size, 12);
});

test('the interval of a mean is what the theory says', () => {
  const n = 400;
  const scores = Array.from({ length: n }, (_, i) => (i < n / 4 ? 1 : 0));
  const { intervals, note } = bootstrap(
    new Array(n).fill(1).fill(0, 0, 1),
    scores,
    (_, s) => ({ mean: s.reduce((a, b) => a + b) / n, size: s.length }),
    { random: new Random(1), resamples: 4000 },
  );
  const half = 1.96 * Math.sqrt((0.25 * 0.75) / n);
  assert.ok(Math.abs(intervals.mean.low - (0.25 - half)) < 0.006, `low ${intervals.mean.low}`);
  assert.ok(Math.abs(intervals.mean.high - (0.25 + half)) < 0.006, `high ${intervals.mean.high}`);
  assert.equal(intervals.size, { low: n, high: n });
  assert.match(note!, /there is one normal sample/);
});

test('intervals of AUROC cover its true value about as often as they say', () => {
  // P(a defective sample scores above a normal one) = Phi(1 / sqrt 2).
  const truth = 0.7602499;
  let covered = 0;
  for (let seed = 0; seed < 100; seed++) {
    const { labels, scores } = drawn(80, 1, seed);
    const { intervals } = bootstrap(labels, scores, aurocOf, {
      random: new Random(seed).fork('bootstrap'),
      resamples: 200,
    });
    if (intervals.auroc.low <= truth && truth <= intervals.auroc.high) covered++;
  }
  assert.ok(covered >= 87, `${covered} of 100 at 95%`);
});

test('the ends are interpolated quantiles', () => {
  // numpy.quantile(range(n), q) is q (n - 1).
  const counting = () => {
    let k = 0;
    return () => ({ k: k++ });
  };
  const of = (resamples: number, confidence?: number) =>
    bootstrap([0, 1], [0, 1], counting(), { random: new Random(0), resamples, confidence }).intervals.k;
  const near = ({ low, high }: { low: number; high: number }, expected: number[]) => {
    assert.ok(Math.abs(low - expected[0]) < 1e-9 && Math.abs(high - expected[1]) < 1e-9, `${low} ${high}`);
  };
  near(of(81), [2, 78]);
  near(of(81, 0.8), [8, 72]);
  near(of(40), [0.975, 38.025]);
});

test('the same seed gives the same interval, another seed another', () => {
  const { labels, scores } = drawn(60, 1, 5);
  const of = (seed: number) => bootstrap(labels, scores, aurocOf, { random: new Random(seed) });
  assert.equal(of(1), of(1));
  assert.not.equal(of(1), of(2));
});

test('a summary has intervals of all its metrics, around them', () => {
  const { labels, scores } = drawn(100, 1, 3);
  const { threshold, confusion, ...metrics } = summary(labels, scores, 0.5);
  const { intervals, note } = summaryIntervals(labels, scores, 0.5, { random: new Random(0) });
  assert.is(note, undefined);
  assert.equal(Object.keys(intervals), Object.keys(metrics));
  for (const [name, { low, high }] of Object.entries(intervals)) {
    const value = metrics[name as keyof typeof metrics];
    assert.ok(low < value && value < high && high - low < 0.4, `${name}: ${low} ${value} ${high}`);
  }
});

test('an absent class is said, and what needs it is NaN', () => {
  const { intervals, note } = summaryIntervals([0, 0, 0], [-1, 1, 2], 0, { random: new Random(0) });
  assert.match(note!, /^there is no defective sample: what needs one has no interval$/);
  assert.ok(Number.isNaN(intervals.auroc.low) && Number.isNaN(intervals.auroc.high));
  assert.ok(Number.isNaN(intervals.recall.low));
  assert.equal(intervals.accuracy, { low: 0, high: 1 });
  assert.match(
    summaryIntervals([1, 1], [1, 2], 0, { random: new Random(0) }).note!,
    /there is no normal sample/,
  );
});

test('of samples that are told apart without exception it is said that the intervals are points', () => {
  const { intervals, note } = summaryIntervals([0, 0, 0, 1, 1], [-3, -2, -1, 1, 2], 0, {
    random: new Random(0),
  });
  assert.equal(intervals.auroc, { low: 1, high: 1 });
  assert.match(
    note!,
    /^all resamples agree on accuracy, .*auroc, .*: an interval that is a point does not say/,
  );
  const { note: partly } = summaryIntervals([0, 0, 0, 1, 1], [-3, -2, 1, 2, 3], 0, { random: new Random(0) });
  assert.match(partly!, /^all resamples agree on recall, auroc, averagePrecision: /);
});

test('what has no meaning is refused', () => {
  const options = { random: new Random(0) };
  assert.throws(() => bootstrap([], [], aurocOf, options), /bootstrap: no samples/);
  assert.throws(() => bootstrap([0, 1], [1], aurocOf, options), /2 labels but 1 scores/);
  assert.throws(() => bootstrap([0, 1], [1, Number.NaN], aurocOf, options), /score 1 is NaN/);
  const few = (resamples: number, confidence?: number) => () =>
    bootstrap([0, 1], [1, 2], aurocOf, { ...options, resamples, confidence });
  assert.throws(few(39), /39 resamples; for confidence 0.95 give an integer of at least 40/);
  assert.throws(few(99.5), /99.5 resamples/);
  assert.throws(few(19, 0.9), /at least 20/);
  few(20, 0.9)();
  for (const confidence of [0, 1, 95, Number.NaN])
    assert.throws(few(1000, confidence), /confidence .* must lie between 0 and 1/);
});

test.run();
