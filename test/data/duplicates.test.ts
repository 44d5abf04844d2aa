import { encode } from 'jpeg-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decodeImage,
  findDuplicates,
  findShared,
  fingerprints,
  generateTask,
  type RgbImage,
  resample,
  resizeToSquare,
} from '../../src/data/index.ts';

const test = suite('duplicates');

/** Pictures as a task holds them: [n, 3, size, size]. */
function loaded(pictures: readonly RgbImage[], size = 64): { images: Uint8Array; size: number } {
  const images = new Uint8ClampedArray(pictures.length * 3 * size * size);
  const plane = size * size;
  pictures.forEach((picture, n) => {
    resizeToSquare(picture, size).forEach((value, i) => {
      images[(3 * n + (i % 3)) * plane + Math.floor(i / 3)] = value;
    });
  });
  return { images: new Uint8Array(images.buffer), size };
}

const bytes = (values: ArrayLike<number>): Uint8Array => Uint8Array.from(Uint8ClampedArray.from(values));

const changes: Readonly<Record<string, (picture: RgbImage) => RgbImage>> = {
  'encoded as JPEG of quality 60': ({ width, height, data }) => {
    const rgba = new Uint8Array(4 * width * height).fill(255);
    for (let i = 0; i < width * height; i++) rgba.set(data.subarray(3 * i, 3 * i + 3), 4 * i);
    return decodeImage(encode({ width, height, data: rgba }, 60).data, 'again.jpg');
  },
  'of 70% of the size': ({ width, height, data }) => {
    const [w, h] = [Math.round(0.7 * width), Math.round(0.7 * height)];
    return { width: w, height: h, data: bytes(resample(data, width, height, 3, w, h)) };
  },
  'darker by a tenth': (picture) => ({ ...picture, data: bytes(picture.data.map((v) => 0.9 * v)) }),
};

/** Photographs of one product, as far as drawings can be: one texture, one seed. */
const product = (texture: 'wood' | 'brushed_metal' | 'tiles'): RgbImage[] =>
  generateTask({
    ...{ name: texture, texture, family: 'stain', size: 96, seed: 1 },
    ...{ normal: 6, defective: 2 },
  }).samples.map(({ image }) => image);

const products = [product('wood'), product('brushed_metal'), product('tiles')];

for (const [what, change] of Object.entries(changes)) {
  test(`a picture ${what} is nearly the same`, () => {
    for (const pictures of products) {
      const changed = fingerprints(loaded(pictures.map(change)));
      const { copies, near } = findShared(fingerprints(loaded(pictures)), changed);
      assert.equal(copies, []);
      assert.equal(near.filter(([i, j]) => i === j).length, pictures.length);
      assert.is(near.length, pictures.length, 'others of the product are not');
    }
  });
}

test('different pictures of one product are none, of one grey are copies', () => {
  for (const pictures of products)
    assert.equal(findDuplicates(fingerprints(loaded(pictures))), { copies: [], near: [] });
  const grey = (value: number): RgbImage => ({ width: 8, height: 8, data: new Uint8Array(192).fill(value) });
  const found = findDuplicates(fingerprints(loaded([grey(9), grey(9), products[0][0]])));
  assert.equal(found, { copies: [[0, 1]], near: [] });
});

test('copies are groups, whatever file they come from', () => {
  const [a, b] = products[0];
  const found = findDuplicates(fingerprints(loaded([a, b, a, b, a])));
  assert.equal(found, {
    copies: [
      [0, 2, 4],
      [1, 3],
    ],
    near: [],
  });
});

test('a picture is known again at another size, though not to the pixel', () => {
  const [first] = fingerprints(loaded(products[0].slice(0, 1), 64));
  const [second] = fingerprints(loaded(products[0].slice(0, 1), 128));
  assert.is.not(first.exact, second.exact);
  assert.equal(findShared([first], [second]), { copies: [], near: [[0, 0]] });
});

test.run();
