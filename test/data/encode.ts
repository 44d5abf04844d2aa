// Small files made in memory, byte by byte where a test needs what an encoder would not write.
import { deflateSync } from 'node:zlib';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

export const concat = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

const bytesOf = (count: number, little: boolean, values: readonly number[]): Uint8Array => {
  const out = new Uint8Array(count * values.length);
  const view = new DataView(out.buffer);
  values.forEach((value, i) => {
    if (count === 4) view.setUint32(i * 4, value, little);
    else view.setUint16(i * 2, value, little);
  });
  return out;
};
export const u32be = (...values: number[]): Uint8Array => bytesOf(4, false, values);
export const u16be = (...values: number[]): Uint8Array => bytesOf(2, false, values);
export const u32le = (...values: number[]): Uint8Array => bytesOf(4, true, values);
export const u16le = (...values: number[]): Uint8Array => bytesOf(2, true, values);

/** CRC-32 of PNG, bit by bit. */
const crc32 = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
};

export const pngSignature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

export const pngChunk = (type: string, data: Uint8Array): Uint8Array => {
  const body = concat(ascii(type), data);
  return concat(u32be(data.length), body, u32be(crc32(body)));
};

export interface PngParts {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  /** Filtered rows, each led by its filter type; or, for a test, anything else. */
  readonly rows: Uint8Array;
  readonly palette?: readonly number[];
  readonly interlaced?: boolean;
  readonly extra?: Uint8Array;
}

export const png = (parts: PngParts): Uint8Array =>
  concat(
    pngSignature,
    pngChunk(
      'IHDR',
      concat(u32be(parts.width, parts.height), [
        parts.depth,
        parts.colourType,
        0,
        0,
        parts.interlaced ? 1 : 0,
      ]),
    ),
    parts.extra ?? [],
    parts.palette ? pngChunk('PLTE', Uint8Array.from(parts.palette)) : [],
    pngChunk('IDAT', deflateSync(parts.rows)),
    pngChunk('IEND', new Uint8Array(0)),
  );

/** Rows with filter type 0 from the bytes of an unfiltered picture. */
export const plainRows = (bytes: ArrayLike<number>, stride: number): Uint8Array => {
  const rows: number[] = [];
  for (let at = 0; at < bytes.length; at += stride) rows.push(0, ...Array.from(bytes).slice(at, at + stride));
  return Uint8Array.from(rows);
};

/** An 8-bit RGB PNG. */
export const rgbPng = (width: number, height: number, data: ArrayLike<number>): Uint8Array =>
  png({ width, height, depth: 8, colourType: 2, rows: plainRows(data, width * 3) });

/** A PNG of one colour. */
export const flatPng = (side: number, [red, green, blue]: readonly number[]): Uint8Array =>
  rgbPng(side, side, Array.from({ length: side * side }, () => [red, green, blue]).flat());

/** An EXIF block (a TIFF structure) that states an orientation. */
export const exif = (orientation: number, little: boolean): Uint8Array => {
  const [u16, u32] = little ? [u16le, u32le] : [u16be, u32be];
  return concat(
    ascii(little ? 'II' : 'MM'),
    u16(42),
    u32(8),
    u16(2),
    u16(0x010f, 2), // a maker's name first, so that the directory has to be searched
    u32(1, 0),
    u16(0x0112, 3),
    u32(1),
    u16(orientation, 0),
    u32(0),
  );
};

/** Puts an EXIF segment that states an orientation behind a JPEG's first marker. */
export const withOrientation = (jpeg: Uint8Array, orientation: number, little: boolean): Uint8Array => {
  const segment = concat(ascii('Exif\0\0'), exif(orientation, little));
  return concat(jpeg.subarray(0, 2), [0xff, 0xe1], u16be(segment.length + 2), segment, jpeg.subarray(2));
};

export interface BmpParts {
  readonly width: number;
  /** Negative for rows from the top. */
  readonly height: number;
  readonly depth: number;
  readonly compression?: number;
  /** Palette entries or masks. */
  readonly table?: Uint8Array;
  /** Bytes of a longer header behind the first 40, before the table. */
  readonly extra?: Uint8Array;
  /** Bytes between the table and the pixels. */
  readonly gap?: Uint8Array;
  /** Rows as stored, padded to four bytes. */
  readonly rows: Uint8Array;
}

export const bmp = ({
  width,
  height,
  depth,
  compression = 0,
  table = new Uint8Array(0),
  extra = new Uint8Array(0),
  gap = new Uint8Array(0),
  rows,
}: BmpParts): Uint8Array => {
  const start = 54 + extra.length + table.length + gap.length;
  return concat(
    ascii('BM'),
    u32le(start + rows.length, 0, start, 40 + extra.length, width, height),
    u16le(1, depth),
    u32le(compression, rows.length, 2835, 2835, compression === 0 ? table.length / 4 : 0, 0),
    extra,
    table,
    gap,
    rows,
  );
};

/** A 24-bit BMP. */
export const rgbBmp = (width: number, height: number, data: ArrayLike<number>): Uint8Array => {
  const stride = Math.ceil((width * 3) / 4) * 4;
  const rows = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < width * 3; i++) {
      rows[(height - 1 - y) * stride + i - (i % 3) + 2 - (i % 3)] = data[y * width * 3 + i];
    }
  }
  return bmp({ width, height, depth: 24, rows });
};

export interface TiffParts {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly samples: number;
  /** 0 white is zero, 1 black is zero, 2 RGB, 3 palette. */
  readonly photometric: number;
  readonly compression?: number;
  readonly strip: Uint8Array;
  /** 16-bit colour map: all reds, all greens, all blues. */
  readonly colourMap?: readonly number[];
  readonly extra?: readonly (readonly [tag: number, value: number])[];
}

/** A little-endian TIFF of one strip, which lies behind the directory. */
export const tiff = (parts: TiffParts): Uint8Array => {
  const entries: [number, number, number, number][] = [
    [256, 4, 1, parts.width],
    [257, 4, 1, parts.height],
    [259, 3, 1, parts.compression ?? 1],
    [262, 3, 1, parts.photometric],
    [277, 3, 1, parts.samples],
    [278, 4, 1, parts.height],
    [279, 4, 1, parts.strip.length],
    ...(parts.extra ?? []).map(([tag, value]): [number, number, number, number] => [tag, 3, 1, value]),
  ];
  const count = entries.length + 2 + (parts.colourMap ? 1 : 0);
  const end = 8 + 2 + count * 12 + 4;
  // One value per sample; three are longer than an entry's four bytes and lie behind the directory.
  const bits = u16le(...Array.from({ length: parts.samples }, () => parts.bits));
  const map = u16le(...(parts.colourMap ?? []));
  entries.push(parts.samples > 2 ? [258, 3, parts.samples, end] : [258, 3, 1, parts.bits]);
  if (parts.colourMap) entries.push([320, 3, parts.colourMap.length, end + bits.length]);
  entries.push([273, 4, 1, end + bits.length + map.length]);
  entries.sort((a, b) => a[0] - b[0]);
  const directory = entries.map(([tag, type, n, value]) => concat(u16le(tag, type), u32le(n, value)));
  return concat(
    ascii('II'),
    u16le(42),
    u32le(8),
    u16le(count),
    ...directory,
    u32le(0),
    bits,
    map,
    parts.strip,
  );
};
