import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cutsOf } from '../../src/compile/cuts.ts';

const test = suite('cuts along the leading axis');
const one = (rows: number, bytes: number, limit: number) => cutsOf([{ rows, bytes }], [], limit).get(rows);
const sizes = (ranges: readonly (readonly [number, number])[]) => ranges.map(([from, to]) => to - from);

test('as few parts as fit, equal where a few more make them equal', () => {
  assert.equal(one(128, 2, 128), [
    [0, 64],
    [64, 128],
  ]);
  assert.equal(sizes(one(12, 10, 31)!), [3, 3, 3, 3]);
  assert.equal(sizes(one(10, 10, 40)!), [2, 2, 2, 2, 2], 'five equal ones rather than 4, 3, 3');
  assert.equal(sizes(one(7, 10, 40)!), [4, 3]);
  assert.equal(sizes(one(5, 10, 15)!), [1, 1, 1, 1, 1]);
});

test('what is linked is cut at the same fractions', () => {
  const cuts = cutsOf(
    [
      { rows: 12, bytes: 10 },
      { rows: 24, bytes: 10 },
      { rows: 36, bytes: 1 },
      { rows: 7, bytes: 1 },
    ],
    [
      [24, 12],
      [36, 24],
    ],
    60,
  );
  assert.equal(sizes(cuts.get(24)!), [6, 6, 6, 6]);
  assert.equal(sizes(cuts.get(12)!), [3, 3, 3, 3]);
  assert.equal(sizes(cuts.get(36)!), [9, 9, 9, 9]);
  assert.equal(sizes(cuts.get(7)!), [4, 3], 'what is not linked is cut by itself');
});

test('numbers of rows without enough common parts are cut each by itself', () => {
  const cuts = cutsOf(
    [
      { rows: 9, bytes: 10 },
      { rows: 8, bytes: 10 },
    ],
    [[9, 8]],
    30,
  );
  for (const rows of [8, 9]) {
    const ranges = cuts.get(rows)!;
    assert.is(ranges[0][0], 0);
    assert.is(ranges.at(-1)![1], rows);
    ranges.forEach(([from, to], i) => {
      assert.ok(to > from && (to - from) * 10 <= 30);
      if (i > 0) assert.is(from, ranges[i - 1][1]);
    });
  }
});

test.run();
