// Encodings, good and bad, made in memory: what every clone can check.
import { deflateSync } from 'node:zlib';
import { encode as encodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeImage, ImageError, type RgbImage } from '../../src/data/image.ts';
import { applyOrientation } from '../../src/data/orientation.ts';
import { Random } from '../../src/random.ts';
import * as make from './encode.ts';

const pixels = (image: RgbImage): number[] => [...image.data];
const grey = (...values: number[]): number[] => values.flatMap((value) => [value, value, value]);

/** The error that a file is refused with. */
const refusal = (bytes: Uint8Array, name: string, limitPixels?: number): ImageError => {
  try {
    decodeImage(bytes, name, { limitPixels });
  } catch (error) {
    assert.instance(error, ImageError);
    return error as ImageError;
  }
  throw new Error(`${name} was not refused`);
};

/** A smooth colour picture, which JPEG keeps well. */
const smooth = (width: number, height: number): RgbImage => {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      data.set(
        [40 + (150 * x) / width, 60 + (120 * y) / height, 200 - (100 * (x + y)) / (width + height)],
        at,
      );
    }
  }
  return { width, height, data };
};

const jpegOf = ({ width, height, data }: RgbImage): Uint8Array => {
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) rgba.set(data.subarray(i * 3, i * 3 + 3), i * 4);
  return Uint8Array.from(jpeg.encode({ width, height, data: rgba }, 95).data);
};

const meanDifference = (a: RgbImage, b: RgbImage): number => {
  assert.equal([a.width, a.height], [b.width, b.height]);
  return a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]), 0) / a.data.length;
};

const png = suite('PNG');

png('8 bits: RGB, grey, and alpha dropped without touching the colour', () => {
  const rgb = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
  assert.equal(pixels(decodeImage(make.rgbPng(2, 2, rgb), 'a.png')), rgb);
  const rgba = encodePng({
    width: 2,
    height: 1,
    channels: 4,
    depth: 8,
    data: Uint8Array.of(9, 8, 7, 0, 6, 5, 4, 128),
  });
  assert.equal(pixels(decodeImage(rgba, 'a.png')), [9, 8, 7, 6, 5, 4]);
  const greyAlpha = encodePng({
    width: 2,
    height: 1,
    channels: 2,
    depth: 8,
    data: Uint8Array.of(50, 0, 60, 255),
  });
  assert.equal(pixels(decodeImage(greyAlpha, 'a.png')), grey(50, 60));
});

png('16 bits are scaled, not clipped', () => {
  const data = Uint16Array.of(0, 128, 129, 257, 32896, 65535);
  const image = decodeImage(encodePng({ width: 6, height: 1, channels: 1, depth: 16, data }), 'a.png');
  assert.equal(pixels(image), grey(0, 0, 1, 1, 128, 255));
  const rgb = Uint16Array.of(65535, 257, 514, 25700, 0, 1);
  assert.equal(
    pixels(decodeImage(encodePng({ width: 2, height: 1, channels: 3, depth: 16, data: rgb }), 'a.png')),
    [255, 1, 2, 100, 0, 0],
  );
});

png('1, 2 and 4 bits of grey, with padded rows', () => {
  const one = make.png({
    width: 3,
    height: 2,
    depth: 1,
    colourType: 0,
    rows: make.plainRows([0b10100000, 0b01000000], 1),
  });
  assert.equal(pixels(decodeImage(one, 'a.png')), grey(255, 0, 255, 0, 255, 0));
  const two = make.png({
    width: 5,
    height: 1,
    depth: 2,
    colourType: 0,
    rows: make.plainRows([0b00011011, 0b01000000], 2),
  });
  assert.equal(pixels(decodeImage(two, 'a.png')), grey(0, 85, 170, 255, 85));
  const four = make.png({
    width: 3,
    height: 1,
    depth: 4,
    colourType: 0,
    rows: make.plainRows([0x0f, 0x80], 2),
  });
  assert.equal(pixels(decodeImage(four, 'a.png')), grey(0, 255, 136));
});

png('palettes of 8 and 4 bits', () => {
  const palette = [10, 20, 30, 40, 50, 60, 70, 80, 90];
  const eight = make.png({
    width: 3,
    height: 1,
    depth: 8,
    colourType: 3,
    palette,
    rows: make.plainRows([2, 0, 1], 3),
  });
  assert.equal(pixels(decodeImage(eight, 'a.png')), [70, 80, 90, 10, 20, 30, 40, 50, 60]);
  const four = make.png({
    width: 3,
    height: 1,
    depth: 4,
    colourType: 3,
    palette,
    rows: make.plainRows([0x12, 0x00], 2),
  });
  assert.equal(pixels(decodeImage(four, 'a.png')), [40, 50, 60, 70, 80, 90, 10, 20, 30]);
  const outside = make.png({
    width: 1,
    height: 1,
    depth: 8,
    colourType: 3,
    palette,
    rows: make.plainRows([3], 1),
  });
  assert.match(refusal(outside, 'a.png').reason, /colour 3, but the palette has 3/);
});

png('interlaced rows come in order', () => {
  // 2x2: pass 1 holds (0,0), pass 6 (1,0), pass 7 the row below.
  const rows = Uint8Array.of(0, 11, 0, 22, 0, 33, 44);
  const image = decodeImage(
    make.png({ width: 2, height: 2, depth: 8, colourType: 0, interlaced: true, rows }),
    'a.png',
  );
  assert.equal(pixels(image), grey(11, 22, 33, 44));
});

png('a file cut anywhere is refused as truncated', () => {
  const whole = make.rgbPng(
    4,
    4,
    Array.from({ length: 48 }, (_, i) => i * 5),
  );
  for (let length = 8; length < whole.length; length++) {
    assert.match(refusal(whole.subarray(0, length), 'cut.png').reason, /^truncated PNG/, `${length} bytes`);
  }
});

png('every flipped bit that decides the pixels is noticed', () => {
  const whole = make.rgbPng(
    3,
    3,
    Array.from({ length: 27 }, (_, i) => i * 9),
  );
  for (let bit = 64; bit < whole.length * 8; bit++) {
    const broken = whole.slice();
    broken[bit >> 3] ^= 1 << (bit & 7);
    refusal(broken, 'flipped.png');
  }
});

png('a wrong CRC alone is refused', () => {
  const broken = make.rgbPng(2, 2, new Array(12).fill(7));
  broken[29] ^= 1; // the header's CRC
  assert.match(refusal(broken, 'crc.png').message, /crc\.png: .*CRC/);
});

png('image data shorter or longer than the size needs are refused', () => {
  const short = make.png({
    width: 4,
    height: 4,
    depth: 8,
    colourType: 0,
    rows: make.plainRows(new Uint8Array(12), 4),
  });
  assert.match(refusal(short, 'a.png').reason, /inflate to 15 bytes, its size needs 20/);
  const bomb = make.png({ width: 10, height: 10, depth: 8, colourType: 2, rows: new Uint8Array(2 ** 25) });
  assert.ok(bomb.length < 40_000);
  assert.match(refusal(bomb, 'a.png').reason, /more than the 310 bytes/);
});

png('a profile is not inflated', () => {
  const profile = make.concat([0x61, 0, 0], deflateSync(new Uint8Array(2 ** 20)).subarray(0, 100));
  const rows = make.plainRows([5], 1);
  const extra = make.pngChunk('iCCP', profile); // damaged: reading it would throw
  const image = decodeImage(make.png({ width: 1, height: 1, depth: 8, colourType: 0, rows, extra }), 'a.png');
  assert.equal(pixels(image), grey(5));
});

png('the size is checked before anything is decoded', () => {
  const header = (width: number, height: number): Uint8Array =>
    make.png({ width, height, depth: 8, colourType: 2, rows: new Uint8Array(0) });
  assert.match(
    refusal(header(60000, 60000), 'bomb.png').reason,
    /60000 x 60000 .*3600 megapixels.*limit of 100 mega/,
  );
  assert.match(refusal(header(0, 10), 'zero.png').reason, /0 x 10/);
  const small = make.flatPng(4, [1, 2, 3]);
  assert.match(refusal(small, 'a.png', 15).reason, /more than the limit/);
  assert.is(decodeImage(small, 'a.png', { limitPixels: 16 }).width, 4);
});

png('the orientation in an EXIF chunk is applied, before and after the pixels', () => {
  const { width, height, data } = smooth(4, 2);
  const plain = make.rgbPng(width, height, data);
  const stored = decodeImage(plain, 'a.png');
  // The signature and IHDR are 33 bytes, IEND is 12.
  const withChunk = (at: number, chunk: Uint8Array) =>
    decodeImage(make.concat(plain.subarray(0, at), chunk, plain.subarray(at)), 'a.png');
  for (const little of [true, false])
    for (let orientation = 1; orientation <= 8; orientation++) {
      const chunk = make.pngChunk('eXIf', make.exif(orientation, little));
      for (const at of [33, plain.length - 12])
        assert.equal(
          withChunk(at, chunk),
          applyOrientation(stored, orientation),
          `orientation ${orientation}`,
        );
    }
  const indexed = { width: 2, height: 1, depth: 8, colourType: 3, rows: Uint8Array.of(0, 0, 1) };
  const palette = [1, 2, 3, 4, 5, 6];
  const turned = make.png({ ...indexed, palette, extra: make.pngChunk('eXIf', make.exif(3, true)) });
  assert.equal(pixels(decodeImage(turned, 'a.png')), [4, 5, 6, 1, 2, 3]);
});

png('a damaged EXIF block states no orientation', () => {
  const { width, height, data } = smooth(4, 2);
  const plain = make.rgbPng(width, height, data);
  const stored = decodeImage(plain, 'a.png');
  const whole = make.exif(6, true);
  for (const length of [0, 4, 8, 9, 12, 30]) {
    const chunk = make.pngChunk('eXIf', whole.subarray(0, length));
    const cut = decodeImage(make.concat(plain.subarray(0, 33), chunk, plain.subarray(33)), 'a.png');
    assert.equal(cut, stored, `${length} bytes`);
  }
});

png.run();

const jpg = suite('JPEG');

jpg('colour and size survive', () => {
  const picture = smooth(40, 24);
  const image = decodeImage(jpegOf(picture), 'a.JPG');
  // Quality 95 of a smooth picture: quantisation steps of a few levels.
  assert.ok(meanDifference(image, picture) < 1.5);
});

jpg('each EXIF orientation turns the picture upright', () => {
  const stored = smooth(4, 2); // every pixel differs
  const at = ({ width, data }: RgbImage, x: number, y: number): string =>
    `${data.slice((y * width + x) * 3).slice(0, 3)}`;
  // EXIF: where the stored first row and first column lie in the upright picture. So: the upright corners of the
  // stored pixels (first row, first column), (first row, last column), (last row, first column).
  const corners = [
    'TL TR BL',
    'TR TL BR',
    'BR BL TR',
    'BL BR TL',
    'TL BL TR',
    'TR BR TL',
    'BR TR BL',
    'BL TL BR',
  ];
  corners.forEach((names, i) => {
    const upright = applyOrientation(stored, i + 1);
    assert.equal([upright.width, upright.height], i < 4 ? [4, 2] : [2, 4]);
    const corner = (name: string): string =>
      at(upright, name[1] === 'L' ? 0 : upright.width - 1, name[0] === 'T' ? 0 : upright.height - 1);
    const [first, rowEnd, columnEnd] = names.split(' ').map(corner);
    assert.equal(
      [first, rowEnd, columnEnd],
      [at(stored, 0, 0), at(stored, 3, 0), at(stored, 0, 1)],
      `orientation ${i + 1}`,
    );
    assert.equal([...upright.data].sort(), [...stored.data].sort());
  });
});

jpg('the orientation is read from EXIF in both byte orders', () => {
  const plain = jpegOf(smooth(24, 16));
  const decoded = decodeImage(plain, 'a.jpg');
  for (const little of [true, false]) {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const image = decodeImage(make.withOrientation(plain, orientation, little), 'a.jpg');
      assert.equal(image, applyOrientation(decoded, orientation));
    }
    assert.equal(decodeImage(make.withOrientation(plain, 9, little), 'a.jpg'), decoded);
  }
});

jpg('a file cut anywhere is refused', () => {
  const whole = jpegOf(smooth(16, 16));
  for (let length = 3; length < whole.length; length += 5) {
    assert.match(refusal(whole.subarray(0, length), 'cut.jpg').reason, /^truncated JPEG/, `${length} bytes`);
  }
});

jpg('a header that promises more than the data can hold is refused before it is decoded', () => {
  const broken = jpegOf(smooth(16, 16));
  const frame = broken.findIndex((byte, i) => byte === 0xff && broken[i + 1] === 0xc0);
  broken.set(make.u16be(9000, 9000), frame + 5);
  assert.match(refusal(broken, 'a.jpg').reason, /9000 x 9000 pixels cannot come from \d+ bytes/);
  broken.set(make.u16be(60000, 60000), frame + 5);
  assert.match(refusal(broken, 'a.jpg').reason, /more than the limit/);
  broken.set(make.u16be(0, 16), frame + 5);
  assert.match(refusal(broken, 'a.jpg').reason, /16 x 0/);
});

jpg('12 bits, arithmetic coding and a scan without its component are named', () => {
  const whole = jpegOf(smooth(16, 16));
  const frame = whole.findIndex((byte, i) => byte === 0xff && whole[i + 1] === 0xc0);
  const twelve = whole.slice();
  twelve[frame + 4] = 12;
  assert.match(refusal(twelve, 'a.jpg').reason, /12 bits per sample/);
  const arithmetic = whole.slice();
  arithmetic[frame + 1] = 0xc9;
  assert.match(refusal(arithmetic, 'a.jpg').reason, /arithmetic coding/);
  const scanless = whole.slice();
  scanless[frame + 10 + 6] = 77; // the third component's name
  assert.match(refusal(scanless, 'a.jpg').reason, /no scan holds component 3/);
});

jpg.run();

const bmp = suite('BMP');

/** 256 entries of a palette: blue, green, red, unused. */
const greyTable = Uint8Array.from({ length: 1024 }, (_, i) => (i % 4 < 3 ? i >> 2 : 0));

bmp('24 bits at every width that pads differently; 8 bits of grey', () => {
  for (const width of [1, 2, 3, 4, 5]) {
    const { height, data } = smooth(width, 3);
    assert.equal(decodeImage(make.rgbBmp(width, height, data), 'a.bmp'), { width, height, data });
  }
  const rows = Uint8Array.of(150, 200, 250, 9, 0, 50, 100, 9);
  const flat = make.bmp({ width: 3, height: 2, depth: 8, table: greyTable, rows });
  assert.equal(pixels(decodeImage(flat, 'a.bmp')), grey(0, 50, 100, 150, 200, 250));
});

bmp('palettes of 1, 4 and 8 bits', () => {
  const table = Uint8Array.of(1, 2, 3, 0, 4, 5, 6, 0);
  const [first, second] = [
    [3, 2, 1],
    [6, 5, 4],
  ];
  const one = make.bmp({
    width: 11,
    height: 2,
    depth: 1,
    table,
    rows: Uint8Array.of(0x40, 0x20, 0, 0, 0xa0, 0, 0, 0),
  });
  const bits = [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  assert.equal(
    pixels(decodeImage(one, 'a.bmp')),
    bits.flatMap((bit) => (bit ? second : first)),
  );
  const four = make.bmp({ width: 2, height: 1, depth: 4, table, rows: Uint8Array.of(0x10, 0, 0, 0) });
  assert.equal(pixels(decodeImage(four, 'a.bmp')), [second, first].flat());
  // An odd width, and padding that is no colour.
  const odd = make.bmp({
    width: 3,
    height: 2,
    depth: 4,
    table,
    rows: Uint8Array.of(0x01, 0x1f, 0xff, 0xff, 0x10, 0x0f, 0xff, 0xff),
  });
  assert.equal(pixels(decodeImage(odd, 'a.bmp')), [second, first, first, first, second, second].flat());
  const eight = make.bmp({ width: 2, height: 1, depth: 8, table, rows: Uint8Array.of(1, 0, 0xff, 0xff) });
  assert.equal(pixels(decodeImage(eight, 'a.bmp')), [second, first].flat());
});

bmp('a pixel whose colour the palette lacks is refused', () => {
  const table = Uint8Array.of(1, 2, 3, 0);
  for (const depth of [1, 4, 8]) {
    const rows = Uint8Array.of(2 ** (8 - depth), 0, 0, 0);
    const file = make.bmp({ width: 1, height: 1, depth, table, rows });
    assert.match(refusal(file, 'a.bmp').reason, /colour 1, but the palette has 1/);
  }
});

bmp('rows from the bottom and from the top', () => {
  const rows = Uint8Array.of(1, 2, 3, 0, 4, 5, 6, 0);
  const up = make.bmp({ width: 1, height: 2, depth: 24, rows });
  assert.equal(pixels(decodeImage(up, 'a.bmp')), [6, 5, 4, 3, 2, 1]);
  const down = make.bmp({ width: 1, height: -2, depth: 24, rows });
  assert.equal(pixels(decodeImage(down, 'a.bmp')), [3, 2, 1, 6, 5, 4]);
});

bmp('16 and 32 bits, with masks and without, scaled to the full range', () => {
  const decoded = (parts: Omit<make.BmpParts, 'width' | 'height'>): number[] =>
    pixels(decodeImage(make.bmp({ width: 1, height: 1, ...parts }), 'a.bmp'));
  assert.equal(decoded({ depth: 32, rows: Uint8Array.of(10, 20, 30, 0) }), [30, 20, 10]);
  const high = { depth: 32, compression: 3, rows: Uint8Array.of(0, 130, 20, 210) };
  const masks = make.u32le(0xff000000, 0x00ff0000, 0x0000ff00);
  assert.equal(decoded({ ...high, table: masks }), [210, 20, 130]);
  // Compression 6: a fourth mask, of alpha.
  assert.equal(
    decoded({ ...high, compression: 6, table: make.concat(masks, make.u32le(255)) }),
    [210, 20, 130],
  );
  assert.equal(decoded({ depth: 16, rows: make.u16le(0x7c1f, 0) }), [255, 0, 255]);
  const table = make.u32le(0xf800, 0x07e0, 0x001f);
  // 1 of 31, 32 of 63, 16 of 31, times 255, rounded.
  const pixel = (1 << 11) | (32 << 5) | 16;
  assert.equal(decoded({ depth: 16, compression: 3, table, rows: make.u16le(pixel, 0) }), [8, 130, 132]);
  const long = make.u32le(0x3ff00000, 0x000ffc00, 0x000003ff);
  const deep = make.bmp({ width: 1, height: 1, ...high, table: long });
  assert.match(refusal(deep, 'a.bmp').reason, /colour masks 3ff00000, ffc00, 3ff cannot be read/);
});

bmp('long headers, and bytes between the parts', () => {
  // V4 and V5; the masks in them do not count without compression 3.
  for (const length of [68, 84]) {
    const extra = make.concat(make.u32le(255, 0xff00, 0xff0000, 0), new Uint8Array(length - 16));
    const rows = Uint8Array.of(10, 20, 30, 0);
    const plain = make.bmp({ width: 1, height: 1, depth: 32, extra, rows });
    assert.equal(pixels(decodeImage(plain, 'a.bmp')), [30, 20, 10]);
    const masked = make.bmp({ width: 1, height: 1, depth: 32, compression: 3, extra, rows });
    assert.equal(pixels(decodeImage(masked, 'a.bmp')), [10, 20, 30]);
  }
  const gap = new Uint8Array(7).fill(99);
  const spaced = make.bmp({ width: 1, height: 1, depth: 24, gap, rows: Uint8Array.of(1, 2, 3, 0) });
  assert.equal(pixels(decodeImage(spaced, 'a.bmp')), [3, 2, 1]);
});

bmp('truncated, compressed, oversized and OS/2 ones are refused', () => {
  const whole = make.bmp({ width: 4, height: 4, depth: 24, rows: new Uint8Array(48) });
  for (let length = 2; length < whole.length; length++) {
    assert.match(refusal(whole.subarray(0, length), 'cut.bmp').reason, /^truncated BMP/, `${length} bytes`);
  }
  for (const [compression, depth, name] of [
    [1, 8, 'RLE8'],
    [2, 4, 'RLE4'],
    [4, 24, 'JPEG'],
    [5, 24, 'PNG'],
    [3, 24, '3'],
    [99, 8, '99'],
  ] as const) {
    const packed = make.bmp({ width: 4, height: 4, depth, compression, rows: new Uint8Array(48) });
    assert.match(refusal(packed, 'a.bmp').reason, new RegExp(`compression ${name} and ${depth} bits`));
  }
  for (const [width, height] of [
    [60000, 60000],
    [60000, -60000],
  ]) {
    const large = make.bmp({ width, height, depth: 24, rows: new Uint8Array(0) });
    assert.match(refusal(large, 'a.bmp').reason, /more than the limit/);
  }
  const none = make.bmp({ width: 0, height: 4, depth: 24, rows: new Uint8Array(0) });
  assert.match(refusal(none, 'a.bmp').reason, /0 x 4 pixels/);
  const altered = (at: number, value: number): string => {
    const file = whole.slice();
    file.set(make.u32le(value), at);
    return refusal(file, 'a.bmp').reason;
  };
  assert.match(altered(14, 12), /OS\/2 header/);
  assert.match(altered(14, 41), /a header of 41 bytes/);
  assert.match(altered(10, 30), /pixels from byte 30, within the header/);
  assert.match(altered(28, 7), /7 bits per pixel/);
});

bmp.run();

const tif = suite('TIFF');

tif('grey of 16 bits, RGB, white as zero, palettes, deflate', () => {
  const deep = make.tiff({
    width: 3,
    height: 1,
    bits: 16,
    samples: 1,
    photometric: 1,
    strip: make.u16le(0, 25700, 65535),
  });
  assert.equal(pixels(decodeImage(deep, 'a.tif')), grey(0, 100, 255));
  const strip = Uint8Array.of(1, 2, 3, 4, 5, 6);
  const rgb = { width: 1, height: 2, bits: 8, samples: 3, photometric: 2 };
  assert.equal(pixels(decodeImage(make.tiff({ ...rgb, strip }), 'a.tiff')), [...strip]);
  const deflated = make.tiff({ ...rgb, compression: 8, strip: deflateSync(strip) });
  assert.equal(pixels(decodeImage(deflated, 'a.tiff')), [...strip]);
  const inverted = make.tiff({
    width: 2,
    height: 1,
    bits: 8,
    samples: 1,
    photometric: 0,
    strip: Uint8Array.of(0, 255),
  });
  assert.equal(pixels(decodeImage(inverted, 'a.tif')), grey(255, 0));
  const colourMap = [0, 1, 2].flatMap((c) => Array.from({ length: 256 }, (_, i) => 257 * ((i + c) % 256)));
  const indexed = make.tiff({
    width: 2,
    height: 1,
    bits: 8,
    samples: 1,
    photometric: 3,
    colourMap,
    strip: Uint8Array.of(7, 255),
  });
  assert.equal(pixels(decodeImage(indexed, 'a.tif')), [7, 8, 9, 255, 0, 1]);
});

tif('truncated, oversized and bombs are refused', () => {
  const base = { width: 4, height: 4, bits: 8, samples: 1, photometric: 1 };
  const whole = make.tiff({ ...base, strip: new Uint8Array(16) });
  for (const length of [9, 40, whole.length - 1]) {
    assert.match(refusal(whole.subarray(0, length), 'cut.tif').reason, /TIFF/);
  }
  assert.match(refusal(whole.subarray(0, -1), 'cut.tif').reason, /^truncated TIFF/);
  const short = make.tiff({ ...base, strip: new Uint8Array(15) });
  refusal(short, 'short.tif');
  const bomb = make.tiff({ ...base, compression: 8, strip: deflateSync(new Uint8Array(2 ** 24)) });
  refusal(bomb, 'bomb.tif');
  const large = make.tiff({ ...base, width: 60000, height: 60000, strip: new Uint8Array(1) });
  assert.match(refusal(large, 'large.tif').reason, /more than the limit/);
});

tif('the orientation is applied', () => {
  const { width, height, data } = smooth(4, 2);
  const base = { width, height, bits: 8, samples: 3, photometric: 2, strip: data };
  const stored = decodeImage(make.tiff(base), 'a.tif');
  for (let orientation = 1; orientation <= 8; orientation++) {
    const image = decodeImage(make.tiff({ ...base, extra: [[274, orientation]] }), 'a.tif');
    assert.equal(image, applyOrientation(stored, orientation), `orientation ${orientation}`);
  }
  assert.equal(decodeImage(make.tiff({ ...base, extra: [[274, 9]] }), 'a.tif'), stored);
});

tif.run();

const any = suite('any format');

any('the content decides, and a name that contradicts it is refused', () => {
  const pngFile = make.flatPng(2, [1, 2, 3]);
  const jpgFile = jpegOf(smooth(8, 8));
  assert.is(
    refusal(pngFile, 'dir/a.jpg').message,
    'decodeImage: dir/a.jpg: content is PNG but the name says JPEG: rename the file',
  );
  assert.match(refusal(jpgFile, 'a.png').reason, /content is JPEG but the name says PNG/);
  assert.equal(pixels(decodeImage(pngFile, 'no-extension')).slice(0, 3), [1, 2, 3]);
  assert.is(decodeImage(jpgFile, 'UPPER.JPEG').width, 8);
});

any('what is no picture is refused', () => {
  assert.match(refusal(new Uint8Array(0), 'a.png').reason, /empty/);
  assert.match(
    refusal(
      Uint8Array.from('plain text', (c) => c.charCodeAt(0)),
      'a.png',
    ).reason,
    /not an image/,
  );
  assert.match(
    refusal(
      Uint8Array.from('GIF89a', (c) => c.charCodeAt(0)),
      'a.gif',
    ).reason,
    /GIF cannot be read/,
  );
});

any('damaged files give a whole picture or an ImageError, never anything else', () => {
  const random = new Random('damage');
  const picture = smooth(24, 16);
  const files: [string, Uint8Array][] = [
    ['a.png', make.rgbPng(24, 16, picture.data)],
    ['a.jpg', jpegOf(picture)],
    ['a.bmp', make.rgbBmp(24, 16, picture.data)],
    ['a.tif', make.tiff({ width: 24, height: 16, bits: 8, samples: 3, photometric: 2, strip: picture.data })],
  ];
  for (const [name, whole] of files) {
    let refused = 0;
    for (let round = 0; round < 150; round++) {
      const broken = whole.slice();
      for (let i = random.int(4); i >= 0; i--)
        broken[random.int(round % 2 ? 80 : broken.length)] = random.int(256);
      try {
        const { width, height, data } = decodeImage(broken, name, { limitPixels: 1e6 });
        assert.is(data.length, width * height * 3);
      } catch (error) {
        assert.instance(error, ImageError);
        refused++;
      }
    }
    assert.ok(refused > 0, name);
  }
});

any.run();
