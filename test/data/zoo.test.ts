// Two photographs in every encoding, and damaged files: ../shared/data/format_zoo.
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ImageError, type RgbImage, readImage } from '../../src/data/image.ts';
import { applyOrientation } from '../../src/data/orientation.ts';
import { resizeToSquare } from '../../src/data/resize.ts';

const zoo = fileURLToPath(new URL('../../../shared/data/format_zoo/', import.meta.url));
const read = (name: string): Promise<RgbImage> => readImage(`${zoo}readable/${name}`);

const meanDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  assert.is(a.length, b.length);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
};

const test = suite('format zoo');

if (!existsSync(zoo)) console.log('zoo.test.ts: not run, because ../shared is absent');
else {
  test('every readable file loads', async () => {
    const names = readdirSync(`${zoo}readable`);
    assert.ok(names.length >= 18);
    for (const name of names) {
      const { width, height, data } = await read(name);
      const size = { 'one_pixel.png': [1, 1], 'exif_rotate90.jpg': [240, 320] }[name] ?? [320, 240];
      assert.equal([width, height], size, name);
      assert.is(data.length, width * height * 3);
    }
    assert.equal([...(await read('one_pixel.png')).data], [9, 9, 9]);
  });

  test('lossless encodings of a picture are equal', async () => {
    const colour = await read('rgb8.png');
    for (const name of ['rgba8.png', 'rgb24.bmp', 'rgb.tif'])
      assert.is(meanDifference((await read(name)).data, colour.data), 0, name);
    const grey = await read('gray8.png');
    for (const name of ['gray16.png', 'gray8.bmp', 'gray_alpha.png']) {
      assert.is(meanDifference((await read(name)).data, grey.data), 0, name);
    }
  });

  test('lossy encodings of a picture are close to it and to each other', async () => {
    // By libjpeg, the mean error of these files is 0.9 (CMYK), 1.8 (4:4:4), 2.3 (4:2:0) and 2.4 levels (64 colours);
    // two colour channels exchanged would make 89, the other picture 139.
    const names = [
      'baseline.jpg',
      'UPPER.JPG',
      'progressive.jpg',
      'subsampled420.jpg',
      'cmyk.jpg',
      'palette8.png',
      'rgb8.png',
    ];
    const images = await Promise.all(names.map(read));
    images.forEach((a, i) => {
      images.forEach((b, j) => {
        assert.ok(
          meanDifference(a.data, b.data) < 4,
          `${names[i]} and ${names[j]}: ${meanDifference(a.data, b.data)}`,
        );
      });
      const error = meanDifference(a.data, images[images.length - 1].data);
      assert.ok(error < 3, `${names[i]}: ${error}`);
    });
    const greyJpeg = await read('gray.jpg');
    const grey = await read('gray8.png');
    assert.ok(meanDifference(greyJpeg.data, grey.data) < 3);
  });

  test('baseline and progressive carry the same coefficients; EXIF turns clockwise', async () => {
    const baseline = await read('baseline.jpg');
    assert.equal(await read('progressive.jpg'), baseline);
    const turned = await read('exif_rotate90.jpg');
    assert.equal(turned, applyOrientation(baseline, 6));
    const from = (239 * 320 + 0) * 3; // the stored bottom left corner comes to the top left
    assert.equal(turned.data.slice(0, 3), baseline.data.slice(from, from + 3));
  });

  test('the bilevel picture is black and white, and as bright as the grey one everywhere', async () => {
    const bilevel = await read('bilevel.png');
    assert.ok(bilevel.data.every((value) => value === 0 || value === 255));
    // Error diffusion keeps the local mean: over patches of 20 x 15 pixels.
    const error = meanDifference(resizeToSquare(bilevel, 16), resizeToSquare(await read('gray8.png'), 16));
    assert.ok(error < 2, String(error));
  });

  test('every broken file is refused, with its name and the reason', async () => {
    const reasons: Readonly<Record<string, RegExp>> = {
      'bomb_60000x60000.png': /60000 x 60000 pixels .*more than the limit/,
      'empty.png': /empty/,
      'flipped_crc.png': /damaged PNG/,
      'jpeg_named.png': /content is JPEG but the name says PNG/,
      'png_named.jpg': /content is PNG but the name says JPEG/,
      'text_named.png': /not an image/,
      'truncated.jpg': /truncated JPEG/,
      'truncated.png': /truncated PNG/,
      'zero_width.png': /0 x 10 pixels/,
    };
    assert.equal(readdirSync(`${zoo}broken`).sort(), Object.keys(reasons));
    for (const [name, reason] of Object.entries(reasons)) {
      const error = await readImage(`${zoo}broken/${name}`).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      assert.instance(error, ImageError, name);
      assert.match((error as ImageError).message, name);
      assert.match((error as ImageError).reason, reason);
    }
  });
}

test.run();
