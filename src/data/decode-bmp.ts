import { decode } from 'bmp-ts';
import { checkSize, type RgbImage, unpackBits } from './pixels.ts';

const uncompressed = 0;
const bitfields = 3;
const alphaBitfields = 6;

/** Values of the compression field that are recognised only to be refused by name. */
const undecoded: Readonly<Record<number, string>> = { 1: 'RLE8', 2: 'RLE4', 4: 'JPEG', 5: 'PNG' };

/** Windows headers: BITMAPINFOHEADER, with three and four masks, V4, V5. The others are of OS/2. */
const headerSizes: readonly number[] = [40, 52, 56, 108, 124];

/** File header and BITMAPINFOHEADER. */
const shortHeader = 54;

interface Header {
  readonly width: number;
  readonly height: number;
  /** Rows run from the top (a negative height in the file). */
  readonly topDown: boolean;
  readonly depth: number;
  /** Red, green and blue masks, where the file states them. */
  readonly masks: readonly number[] | undefined;
  /** Palette entries as stored (blue, green, red, unused); empty above 8 bits. */
  readonly palette: Uint8Array;
  /** Rows as stored, each padded to `stride` bytes. */
  readonly rows: Uint8Array;
  readonly stride: number;
}

/** Whether a mask is one run of 4 to 8 bits: the library overflows with longer ones, and with bit 31 alone. */
const isReadableMask = (mask: number, depth: number): boolean => {
  const field = mask >>> (31 - Math.clz32(mask & -mask));
  return mask < 2 ** depth && [15, 31, 63, 127, 255].includes(field);
};

/** Reads and checks the header, so that nothing is left for the library to stumble over. */
const readHeader = (bytes: Uint8Array, limitPixels: number): Header => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const requireBytes = (end: number, what: string): void => {
    if (end > bytes.length)
      throw new Error(`truncated BMP (${what} to byte ${end}, the file ends at byte ${bytes.length})`);
  };
  requireBytes(18, 'the header reaches at least');
  const size = view.getUint32(14, true);
  if (size === 12 || size === 64)
    throw new Error('BMP with an OS/2 header cannot be read: save it as a Windows bitmap');
  if (!headerSizes.includes(size)) throw new Error(`damaged BMP (a header of ${size} bytes)`);
  requireBytes(14 + size, 'the header reaches');

  const width = view.getInt32(18, true);
  const signedHeight = view.getInt32(22, true);
  const height = Math.abs(signedHeight);
  checkSize(width, height, limitPixels);
  const depth = view.getUint16(28, true);
  if (![1, 4, 8, 16, 24, 32].includes(depth)) throw new Error(`damaged BMP (${depth} bits per pixel)`);
  const compression = view.getUint32(30, true);
  const masked = (compression === bitfields || compression === alphaBitfields) && depth % 16 === 0;
  if (compression !== uncompressed && !masked) {
    const name = undecoded[compression] ?? String(compression);
    throw new Error(
      `BMP with compression ${name} and ${depth} bits per pixel cannot be read: save it uncompressed`,
    );
  }

  // Behind the shortest header the masks come extra, in the longer ones they lie at the same place.
  const maskBytes = compression === alphaBitfields ? 16 : compression === bitfields ? 12 : 0;
  const end = Math.max(14 + size, shortHeader + maskBytes);
  requireBytes(end, 'the colour masks reach');
  const masks = masked ? [54, 58, 62].map((at) => view.getUint32(at, true)) : undefined;
  if (masks?.some((mask) => !isReadableMask(mask, depth))) {
    const listed = masks.map((mask) => mask.toString(16)).join(', ');
    throw new Error(`BMP with colour masks ${listed} cannot be read: only runs of 4 to 8 bits`);
  }

  const start = view.getUint32(10, true);
  if (start < end) throw new Error(`damaged BMP (pixels from byte ${start}, within the header)`);
  const stride = Math.ceil((width * depth) / 32) * 4;
  requireBytes(start + stride * height, 'the pixels reach');
  const most = depth <= 8 ? 2 ** depth : 0;
  const colours = Math.min(view.getUint32(46, true) || most, most, Math.floor((start - end) / 4));
  return {
    width,
    height,
    topDown: signedHeight < 0,
    depth,
    masks,
    palette: bytes.subarray(end, end + 4 * colours),
    rows: bytes.subarray(start, start + stride * height),
    stride,
  };
};

/**
 * The same picture with the shortest header, a whole palette and nothing between the parts. `bmp-ts` ignores
 * where the pixels begin, applies the masks of long headers even where they do not count, and stops after one
 * row of a 4-bit picture of odd width: for that the width is rounded up, which is within the padding.
 */
const plainBmp = ({ width, height, topDown, depth, masks, palette, rows }: Header): Buffer => {
  const table = Buffer.alloc(masks ? 12 : depth <= 8 ? 4 * 2 ** depth : 0);
  for (const [i, mask] of masks?.entries() ?? []) table.writeUInt32LE(mask, 4 * i);
  table.set(palette);
  const head = Buffer.alloc(shortHeader);
  head.write('BM');
  head.writeUInt32LE(shortHeader + table.length + rows.length, 2);
  head.writeUInt32LE(shortHeader + table.length, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(depth === 4 ? width + (width % 2) : width, 18);
  head.writeInt32LE(topDown ? -height : height, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(depth, 28);
  head.writeUInt32LE(masks ? bitfields : uncompressed, 30);
  return Buffer.concat([head, table, rows]);
};

/**
 * What becomes of the library's values of a channel: it brings a field of n bits to 8 by a shift, so that the
 * brightest of 5 bits is 248; scaled by 255 / (2^n - 1) and rounded, it is 255.
 */
const stretch = (mask: number): Uint8Array => {
  const bits = 32 - Math.clz32(mask >>> (31 - Math.clz32(mask & -mask)));
  const brightest = 256 - 2 ** (8 - bits);
  return Uint8Array.from({ length: 256 }, (_, value) => Math.round((value * 255) / brightest));
};

/**
 * Decodes an uncompressed Windows BMP by `bmp-ts`: 1, 4 and 8 bits with a palette, 24 bits, 16 and 32 bits with
 * masks or without; rows from either end. Refused are run lengths (RLE4, RLE8), embedded JPEG and PNG, OS/2
 * headers, masks that are not runs of 4 to 8 bits, and pixels whose colour the palette lacks.
 * @throws Error with the reason (without the file's name) when it is one of these, damaged, truncated or too large.
 */
export const decodeBmp = (bytes: Uint8Array, limitPixels: number): RgbImage => {
  const header = readHeader(bytes, limitPixels);
  const { width, height, depth, masks, palette, rows, stride } = header;
  const colours = palette.length / 4;
  if (depth <= 8 && colours < 2 ** depth) {
    const missing = unpackBits(rows, width, height, depth, stride).find((index) => index >= colours);
    if (missing !== undefined) {
      throw new Error(`a pixel has colour ${missing}, but the palette has ${colours}`);
    }
  }
  // Alpha, blue, green, red.
  const decoded = decode(plainBmp(header));
  const [red, green, blue] = (masks ?? (depth === 16 ? [0x7c00, 0x03e0, 0x001f] : [255, 255, 255])).map(
    stretch,
  );
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, from = y * decoded.width * 4; x < width; x++, from += 4, to += 3) {
      data[to] = red[decoded.data[from + 3]];
      data[to + 1] = green[decoded.data[from + 2]];
      data[to + 2] = blue[decoded.data[from + 1]];
    }
  }
  return { width, height, data };
};
