import { inflateSync } from 'node:zlib';
import { decode } from 'fast-png';
import { applyOrientation, exifOrientation } from './orientation.ts';
import { checkSize, indicesToRgb, type RgbImage, samplesToRgb, unpackBits } from './pixels.ts';

/** Bytes of the signature, and of a chunk's length, type and CRC. */
const signatureLength = 8;
const chunkOverhead = 12;

/**
 * Chunks that decide the pixels. The others (text, profiles, animation, transparency) are not looked at, but for the
 * orientation in the EXIF chunk.
 */
const pixelChunks = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND']);
const exifChunk = 'eXIf';

/** Samples per pixel and allowed bit depths by colour type: PNG (third edition), table 8. */
const colourTypes: Readonly<Record<number, { channels: number; depths: readonly number[] }>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};
const indexed = 3;

/** First column and row, and steps between columns and rows, of the seven passes of Adam7. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly channels: number;
  readonly interlaced: boolean;
}

const readHeader = (bytes: Uint8Array, view: DataView): Header => {
  const start = signatureLength + 8;
  if (bytes.length < start + 13) throw new Error(`truncated PNG (${bytes.length} bytes, no whole header)`);
  if (view.getUint32(signatureLength) !== 13 || view.getUint32(signatureLength + 4) !== 0x49484452) {
    throw new Error('damaged PNG (it does not begin with an IHDR chunk)');
  }
  const [depth, colourType, , , interlace] = bytes.subarray(start + 8, start + 13);
  const kind = colourTypes[colourType];
  if (!kind?.depths.includes(depth)) {
    throw new Error(`damaged PNG (colour type ${colourType} with ${depth} bits per sample does not exist)`);
  }
  return {
    width: view.getUint32(start),
    height: view.getUint32(start + 4),
    depth,
    colourType,
    channels: kind.channels,
    interlaced: interlace === 1,
  };
};

/** The length of the filtered rows, in bytes, that the header promises. */
const rawLength = ({ width, height, depth, channels, interlaced }: Header): number => {
  const pass = (columns: number, rows: number): number =>
    columns > 0 && rows > 0 ? rows * (1 + Math.ceil((columns * channels * depth) / 8)) : 0;
  if (!interlaced) return pass(width, height);
  return adam7.reduce(
    (sum, [x, y, dx, dy]) => sum + pass(Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)),
    0,
  );
};

/** Cuts the file into chunks up to IEND. */
const chunksOf = (bytes: Uint8Array, view: DataView): { type: string; start: number; end: number }[] => {
  const chunks: { type: string; start: number; end: number }[] = [];
  for (let start = signatureLength; ; ) {
    if (start + chunkOverhead > bytes.length) {
      throw new Error(`truncated PNG (no IEND chunk; the file ends at byte ${bytes.length})`);
    }
    const end = start + chunkOverhead + view.getUint32(start);
    const type = String.fromCharCode(...bytes.subarray(start + 4, start + 8));
    if (end > bytes.length) {
      throw new Error(
        `truncated PNG (the ${type} chunk reaches to byte ${end}, the file ends at byte ${bytes.length})`,
      );
    }
    chunks.push({ type, start, end });
    if (type === 'IEND') return chunks;
    start = end;
  }
};

const concat = (parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/**
 * Inflates the image data once within the length that the header promises. `fast-png` checks neither that
 * length nor the stream's end: short data would decode to black rows, and a bomb would fill the memory.
 */
const checkImageData = (compressed: Uint8Array, expected: number): void => {
  let length: number;
  try {
    const chunkSize = Math.max(64, Math.min(expected + 1, 2 ** 20));
    length = inflateSync(compressed, { maxOutputLength: expected, chunkSize }).length;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ERR_BUFFER_TOO_LARGE' ? `more than the ${expected} bytes of its size` : message;
    throw new Error(`damaged PNG (image data: ${reason})`);
  }
  if (length !== expected) {
    throw new Error(`truncated PNG (the image data inflate to ${length} bytes, its size needs ${expected})`);
  }
};

/**
 * Decodes a PNG: all colour types and depths, interlaced too; of an animation the still picture. An EXIF orientation is
 * applied.
 * The CRC of every chunk that decides the pixels is checked.
 * @throws Error with the reason (without the file's name) when it is damaged, truncated or too large.
 */
export const decodePng = (bytes: Uint8Array, limitPixels: number): RgbImage => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(bytes, view);
  const { width, height, depth, colourType, channels } = header;
  checkSize(width, height, limitPixels);
  const all = chunksOf(bytes, view);
  const exif = all.find(({ type }) => type === exifChunk);
  const upright = (image: RgbImage): RgbImage =>
    exif ? applyOrientation(image, exifOrientation(bytes.subarray(exif.start + 8, exif.end - 4))) : image;
  const chunks = all.filter(({ type }) => pixelChunks.has(type));
  const imageData = chunks.filter(({ type }) => type === 'IDAT');
  checkImageData(
    concat(imageData.map(({ start, end }) => bytes.subarray(start + 8, end - 4))),
    rawLength(header),
  );

  const parts = chunks.map(({ start, end }) => bytes.subarray(start, end));
  const png = decode(concat([bytes.subarray(0, signatureLength), ...parts]), { checkCrc: true });
  const samples = depth < 8 ? unpackBits(png.data as Uint8Array, width * channels, height, depth) : png.data;
  if (colourType !== indexed) return upright(samplesToRgb(width, height, samples, channels, 2 ** depth - 1));
  if (!png.palette) throw new Error('damaged PNG (indexed colours without a palette)');
  return upright(indicesToRgb(width, height, samples, png.palette));
};
