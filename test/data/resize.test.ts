import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { resample, resizeToSquare } from '../../src/data/resize.ts';
import { Random } from '../../src/random.ts';

const test = suite('resize');

const near = (actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void => {
  assert.is(actual.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i] - value) <= tolerance, `[${i}] ${actual[i]}, expected ${value}`);
  });
};

const line = (values: readonly number[], to: number): Float32Array =>
  resample(values, values.length, 1, 1, to, 1);

test('halving: weights 1 3 3 1 inside, 3 3 1 at the edge', () => {
  // Centres at 1, 3, 5, 7 of eight pixels, support 2: distances 0.5 and 1.5 weigh 0.75 and 0.25.
  const values = [0, 0, 0, 8, 0, 0, 7, 0];
  near(line(values, 4), [(1 / 7) * 0, (3 * 8) / 8, (8 + 7) / 8, (3 * 7) / 7], 1e-6);
});

test('doubling: weights 3/4 and 1/4', () => {
  near(line([0, 4, 8], 6), [0, 1, 3, 5, 7, 8], 1e-6);
});

test('the same numbers as Pillow', () => {
  // Pillow 9.4, mode F, BILINEAR, of the squares 1 to 64.
  const squares = [1, 4, 9, 16, 25, 36, 49, 64];
  near(line(squares, 3), [5.263157844543457, 21.452381134033203, 48.3684196472168], 1e-5);
  near(
    line(squares, 5),
    [2.2272727489471436, 9, 20.66666603088379, 37.33333206176758, 57.8636360168457],
    1e-5,
  );
  near(
    line(squares, 12),
    [1, 2.5, 4.83333349, 8.16666698, 12.5, 17.5, 23.5, 30.5, 38.1666679, 46.8333321, 56.5, 64],
    1e-5,
  );
});

test('the same size is the same picture; a flat one stays flat; rows and columns do not mix', () => {
  const random = new Random(1);
  const data = Uint8Array.from({ length: 5 * 4 * 3 }, () => random.int(256));
  assert.equal([...resample(data, 5, 4, 3, 5, 4)], [...data]);
  for (const side of [1, 3, 7, 20]) {
    near(
      resizeToSquare({ width: 6, height: 9, data: new Uint8Array(162).fill(77) }, side),
      new Array(side * side * 3).fill(77),
      1e-4,
    );
  }
  // A picture that is a product of a row and a column resizes to the product of the resized ones.
  const row = [3, 1, 4, 1, 5];
  const column = [2, 7, 1];
  const product = column.flatMap((c) => row.map((r) => c * r));
  const expected = [...line(column, 2)].flatMap((c) => [...line(row, 7)].map((r) => c * r));
  near(resample(product, 5, 3, 1, 7, 2), expected, 1e-5);
});

test('channels do not mix', () => {
  const data = Uint8Array.from({ length: 30 }, (_, i) => (i % 3 === 1 ? i : i % 3 === 2 ? 200 : 0));
  const out = resample(data, 10, 1, 3, 4, 1);
  for (let i = 0; i < 4; i++) near([out[3 * i], out[3 * i + 2]], [0, 200], 1e-4);
});

test('reducing by a whole factor keeps the mean', () => {
  // Away from the edge every source pixel has the same total weight: the middle of the picture decides.
  const random = new Random(2);
  const values = Array.from({ length: 64 }, (_, i) => (i < 16 || i >= 48 ? 0 : random.int(256)));
  const mean = (list: ArrayLike<number>): number => Array.from(list).reduce((a, b) => a + b, 0) / list.length;
  for (const to of [32, 16, 8]) assert.ok(Math.abs(mean(line(values, to)) - mean(values)) < 1e-4, String(to));
});

test('fine stripes become grey, not a moire', () => {
  const stripes = Uint8Array.from({ length: 100 }, (_, i) => (i % 2) * 255);
  const out = resample(stripes, 100, 1, 1, 10, 1);
  near(out.subarray(1, 9), new Array(8).fill(127.5), 1e-4);
  // At the edge 15 pixels with weights .55 .65 ... .95 .95 ... .05 remain: 4.25 of 8.75 are on bright ones.
  near([out[0], out[9]], [(255 * 4.25) / 8.75, (255 * 4.5) / 8.75], 1e-4);
});

test('sizes that are none are refused', () => {
  assert.throws(() => resample([1, 2], 2, 1, 1, 0, 1), /positive integers/);
  assert.throws(() => resample([1, 2, 3], 2, 1, 1, 2, 2), /3 values are no 2 x 1 picture/);
});

test.run();
