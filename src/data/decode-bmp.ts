import { checkSize, indicesToRgb, type RgbImage, unpackBits } from './pixels.ts';

const uncompressed = 0;
const bitfields = 3;

interface Header {
  readonly width: number;
  readonly height: number;
  /** Rows run from the top (a negative height in the file). */
  readonly topDown: boolean;
  readonly depth: number;
  readonly compression: number;
  readonly colours: number;
  /** Where the header that follows the file header ends. */
  readonly end: number;
  /** Where the pixels begin. */
  readonly pixels: number;
  /** Bytes per palette entry. */
  readonly entry: 3 | 4;
}

const readHeader = (view: DataView): Header => {
  if (view.byteLength < 26) throw new Error(`truncated BMP (${view.byteLength} bytes, no whole header)`);
  const pixels = view.getUint32(10, true);
  const size = view.getUint32(14, true);
  const end = 14 + size;
  if (size === 12) {
    const [width, height, , depth] = [18, 20, 22, 24].map((at) => view.getUint16(at, true));
    return {
      width,
      height,
      topDown: false,
      depth,
      compression: uncompressed,
      colours: 0,
      end,
      pixels,
      entry: 3,
    };
  }
  if (size < 40) throw new Error(`damaged BMP (a header of ${size} bytes)`);
  if (view.byteLength < end) throw new Error(`truncated BMP (${view.byteLength} bytes, no whole header)`);
  const height = view.getInt32(22, true);
  return {
    width: view.getInt32(18, true),
    height: Math.abs(height),
    topDown: height < 0,
    depth: view.getUint16(28, true),
    compression: view.getUint32(30, true),
    colours: view.getUint32(46, true),
    end,
    pixels,
    entry: 4,
  };
};

/** Red, green, blue masks of 16 and 32-bit pixels. */
const masksOf = (view: DataView, { compression, depth }: Header): number[] => {
  if (compression === bitfields) {
    if (view.byteLength < 66) throw new Error('truncated BMP (no colour masks)');
    return [54, 58, 62].map((at) => view.getUint32(at, true));
  }
  return depth === 16 ? [0x7c00, 0x03e0, 0x001f] : [0xff0000, 0x00ff00, 0x0000ff];
};

/** Takes the field under a mask out of a pixel and scales it to 8 bits. */
const fieldReader = (mask: number): ((pixel: number) => number) => {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const max = mask >>> shift;
  return (pixel) => Math.round((((pixel & mask) >>> shift) * 255) / max);
};

const readPalette = (
  bytes: Uint8Array,
  { depth, colours, end, pixels, entry, compression }: Header,
): number[][] => {
  const start = end + (compression === bitfields && end === 54 ? 12 : 0);
  const room = Math.floor((Math.min(pixels, bytes.length) - start) / entry);
  const count = Math.max(0, Math.min(colours || 2 ** depth, 2 ** depth, room));
  return Array.from({ length: count }, (_, i) => {
    const [blue, green, red] = bytes.subarray(start + entry * i);
    return [red, green, blue];
  });
};

/**
 * Decodes an uncompressed BMP: 1, 4 and 8 bits with a palette, 16, 24 and 32 bits; rows from either end.
 * @throws Error with the reason (without the file's name) when it is damaged, truncated, compressed or too large.
 */
export const decodeBmp = (bytes: Uint8Array, limitPixels: number): RgbImage => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(view);
  const { width, height, topDown, depth, compression, pixels } = header;
  checkSize(width, height, limitPixels);
  if (![1, 4, 8, 16, 24, 32].includes(depth)) throw new Error(`damaged BMP (${depth} bits per pixel)`);
  if (compression !== uncompressed && !(compression === bitfields && (depth === 16 || depth === 32))) {
    throw new Error(`BMP with compression ${compression} cannot be read: save it uncompressed`);
  }
  const stride = Math.ceil((width * depth) / 32) * 4;
  if (pixels < header.end || pixels + stride * height > bytes.length) {
    throw new Error(
      `truncated BMP (the pixels reach to byte ${pixels + stride * height}, the file ends at byte ${bytes.length})`,
    );
  }
  // Rows are stored from the bottom unless the header says otherwise.
  const rows = Array.from({ length: height }, (_, y) => {
    const start = pixels + stride * (topDown ? y : height - 1 - y);
    return bytes.subarray(start, start + stride);
  });

  if (depth <= 8) {
    const indices = new Uint8Array(width * height);
    rows.forEach((row, y) => {
      indices.set(depth < 8 ? unpackBits(row, width, 1, depth) : row.subarray(0, width), y * width);
    });
    return indicesToRgb(width, height, indices, readPalette(bytes, header));
  }
  const data = new Uint8Array(width * height * 3);
  const [red, green, blue] = masksOf(view, header).map(fieldReader);
  const step = depth / 8;
  rows.forEach((row, y) => {
    for (let x = 0, to = y * width * 3; x < width; x++, to += 3) {
      const at = x * step;
      const pixel =
        row[at] |
        (row[at + 1] << 8) |
        (step > 2 ? row[at + 2] << 16 : 0) |
        (step > 3 ? row[at + 3] << 24 : 0);
      data[to] = red(pixel);
      data[to + 1] = green(pixel);
      data[to + 2] = blue(pixel);
    }
  });
  return { width, height, data };
};
