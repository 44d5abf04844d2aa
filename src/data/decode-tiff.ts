import { inflateSync } from 'node:zlib';
import { decode, type TiffIfd } from 'tiff';
import { applyOrientation, exifOrientation, statedUpright } from './orientation.ts';
import { checkSize, indicesToRgb, type RgbImage, samplesToRgb } from './pixels.ts';

const lzw = 5;
const deflates = new Set([8, 32946]);
const palette = 3;

/** What the library would decode wrongly, and so is refused here. */
const checkSupported = (page: TiffIfd): void => {
  const refuse = (what: string): never => {
    throw new Error(`TIFF with ${what} cannot be read: save it as 8 or 16-bit RGB or grey strips, or as PNG`);
  };
  const { bitsPerSample, samplesPerPixel } = page;
  if (![1, 8, 16].includes(bitsPerSample) || page.sampleFormat !== 1) {
    refuse(`${bitsPerSample}-bit ${page.sampleFormat === 1 ? '' : 'signed or floating-point '}samples`);
  }
  if (samplesPerPixel > 1 && page.planarConfiguration !== 1) refuse('separate colour planes');
  if (samplesPerPixel > 1 && page.tiled) refuse('tiles of several channels');
  if (page.type === 2 && samplesPerPixel < 3) refuse(`RGB of ${samplesPerPixel} channels`);
};

/**
 * Bounds what decompression may write: the library inflates each strip without a limit.
 * The strips must be as many as the rows need, and none may hold much more than its rows.
 */
const checkStrips = (bytes: Uint8Array, page: TiffIfd): void => {
  const { width, height, tiled } = page;
  const columns = tiled ? page.tileWidth! : width;
  const rows = tiled ? page.tileHeight! : Math.min(page.rowsPerStrip, height);
  checkSize(columns, rows, Math.max(4 * width * height, 2 ** 22));
  const expected = Math.ceil(width / columns) * Math.ceil(height / rows);
  const offsets = tiled ? page.tileOffsets : page.stripOffsets;
  const counts = tiled ? page.tileByteCounts : page.stripByteCounts;
  if (!offsets || !counts) throw new Error('damaged TIFF (no strip offsets or lengths)');
  if (offsets.length !== expected || counts.length !== expected) {
    throw new Error(`damaged TIFF (${offsets.length} strips or tiles where its size needs ${expected})`);
  }
  const length = Math.ceil((columns * page.samplesPerPixel * page.bitsPerSample) / 8) * rows;
  offsets.forEach((offset, i) => {
    const end = offset + counts[i];
    if (end > bytes.length) {
      throw new Error(
        `truncated TIFF (strip ${i} reaches to byte ${end}, the file ends at byte ${bytes.length})`,
      );
    }
    // LZW never needs more than 12 bits for a byte; a strip longer than that is no honest one.
    if (page.compression === lzw && counts[i] > 1.5 * length + 64) {
      throw new Error(`damaged TIFF (strip ${i} has ${counts[i]} bytes for ${length})`);
    }
    if (deflates.has(page.compression)) {
      inflateSync(bytes.subarray(offset, end), { maxOutputLength: length + 64 });
    }
  });
};

/**
 * Decodes the first page of a TIFF: grey, RGB, palette and bilevel, 8 or 16 bits, uncompressed, LZW or deflate; its
 * orientation is applied.
 * @throws Error with the reason (without the file's name) when it is damaged, truncated, too large or of
 * another kind.
 */
export const decodeTiff = (bytes: Uint8Array, limitPixels: number): RgbImage =>
  // The library refuses all orientations but the upright one.
  applyOrientation(decodeStored(statedUpright(bytes), limitPixels), exifOrientation(bytes));

/** Decodes the first page as its rows are stored. */
const decodeStored = (bytes: Uint8Array, limitPixels: number): RgbImage => {
  const read = (ignoreImageData: boolean): TiffIfd => {
    try {
      return decode(bytes, { pages: [0], ignoreImageData })[0];
    } catch (error) {
      throw new Error(`damaged or unsupported TIFF (${(error as Error).message})`);
    }
  };
  const header = read(true);
  if (!header) throw new Error('damaged TIFF (it holds no picture)');
  checkSize(header.width, header.height, limitPixels);
  checkSupported(header);
  checkStrips(bytes, header);
  const page = read(false);
  const { width, height } = page;
  if (page.type !== palette) {
    return samplesToRgb(width, height, page.data, page.samplesPerPixel, 2 ** page.bitsPerSample - 1);
  }
  if (!page.palette) throw new Error('damaged TIFF (indexed colours without a palette)');
  // Colour maps have 16 bits.
  const colours = page.palette.map((colour) => colour.map((value) => Math.round(value / 257)));
  return indicesToRgb(width, height, page.data, colours);
};
