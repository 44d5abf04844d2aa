import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../src/random.ts';

const test = suite('random');

const draw = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.bits());

test('the same seed gives the same numbers, another seed others', () => {
  assert.equal(draw(new Random(7), 20), draw(new Random(7), 20));
  assert.equal(draw(new Random(7), 20), draw(new Random('7'), 20));
  for (const seed of [8, -7, 7.5, 2 ** 40 + 7])
    assert.not.equal(draw(new Random(7), 4), draw(new Random(seed), 4));
});

test('the stream is pinned: results may be compared between versions', () => {
  assert.equal(draw(new Random(1), 4), [1729500574, 3099024121, 3016127775, 3627664927]);
});

test('a fork depends on its name, not on what was drawn before', () => {
  const first = new Random(3);
  const second = new Random(3);
  draw(second, 5);
  assert.equal(draw(first.fork('a'), 5), draw(second.fork('a'), 5));
  assert.not.equal(draw(first.fork('a'), 5), draw(first.fork('b'), 5));
  assert.not.equal(draw(first.fork('a'), 5), draw(new Random(3), 5));
});

test('next is uniform in [0, 1)', () => {
  const random = new Random(11);
  const bins = new Array(10).fill(0);
  for (let i = 0; i < 20_000; i++) {
    const value = random.next();
    assert.ok(value >= 0 && value < 1);
    bins[Math.floor(value * 10)]++;
  }
  // Chi-square with 9 degrees of freedom exceeds 27.9 once in a thousand.
  const chi = bins.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
  assert.ok(chi < 27.9, String(chi));
});

test('int covers its range evenly and refuses what is no range', () => {
  const random = new Random(12);
  const counts = new Array(7).fill(0);
  for (let i = 0; i < 14_000; i++) counts[random.int(7)]++;
  const chi = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
  assert.ok(chi < 22.5, String(chi)); // 6 degrees of freedom, one in a thousand
  assert.is(random.int(1), 0);
  for (const n of [0, -1, 1.5, Number.NaN, 2 ** 33]) assert.throws(() => random.int(n), /from 1 to 2\^32/);
});

test('shuffle reaches every order equally often', () => {
  const random = new Random(13);
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = random.shuffle([1, 2, 3]).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.is(counts.size, 6);
  const chi = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  assert.ok(chi < 20.5, String(chi)); // 5 degrees of freedom, one in a thousand
});

test.run();
