import { readFile, stat } from 'node:fs/promises';
import { decodeBmp } from './decode-bmp.ts';
import { decodeJpeg } from './decode-jpeg.ts';
import { decodePng } from './decode-png.ts';
import { decodeTiff } from './decode-tiff.ts';
import { formatOfBytes, formatOfName, type ImageFormat } from './format.ts';
import { defaultLimitPixels, type RgbImage } from './pixels.ts';

export { defaultLimitPixels, type RgbImage } from './pixels.ts';

export interface DecodeOptions {
  /** Pictures of more pixels than this are refused, before they are decoded. Default: 100 megapixels. */
  readonly limitPixels?: number;
}

/** A file that is not the picture it should be. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  /** Path or name of the file. */
  readonly file: string;
  /** What is wrong with it, without its name. */
  readonly reason: string;

  constructor(where: string, file: string, reason: string) {
    super(`${where}: ${file}: ${reason}`);
    this.file = file;
    this.reason = reason;
  }
}

const decoders: Readonly<Record<ImageFormat, (bytes: Uint8Array, limitPixels: number) => RgbImage>> = {
  PNG: decodePng,
  JPEG: decodeJpeg,
  BMP: decodeBmp,
  TIFF: decodeTiff,
};

/** Runs one step of reading a file; whatever it throws becomes an error that names the file. */
const naming = <T>(where: string, file: string, step: () => T): T => {
  try {
    return step();
  } catch (error) {
    if (error instanceof ImageError) throw error;
    throw new ImageError(where, file, error instanceof Error ? error.message : String(error));
  }
};

/**
 * Decodes PNG, JPEG, BMP or TIFF, recognised by content, to 8-bit RGB (see {@link RgbImage} for what becomes of
 * grey, palettes, 16 bits and alpha).
 * @param name the file's name, for errors; its extension must not promise another encoding.
 * @throws ImageError that names the file and the reason: empty, not an image, damaged, truncated, too large, an
 * encoding that cannot be read, or one that the name contradicts.
 */
export const decodeImage = (bytes: Uint8Array, name: string, options: DecodeOptions = {}): RgbImage =>
  naming('decodeImage', name, () => {
    const format = formatOfBytes(bytes);
    const promised = formatOfName(name);
    if (promised && promised !== format) {
      throw new Error(`content is ${format} but the name says ${promised}: rename the file`);
    }
    return decoders[format](bytes, options.limitPixels ?? defaultLimitPixels);
  });

/**
 * Reads and decodes a picture: {@link decodeImage} of a file.
 * @throws ImageError that names the file and the reason; also when it cannot be read, is no regular file, or is
 * longer than any picture within the limit.
 */
export const readImage = async (path: string, options: DecodeOptions = {}): Promise<RgbImage> =>
  decodeImage(await readImageBytes(path, options), path, options);

/** The bytes of a picture's file, not decoded. Errors as {@link readImage}. */
export const readImageBytes = async (path: string, options: DecodeOptions = {}): Promise<Uint8Array> => {
  try {
    const info = await stat(path);
    if (!info.isFile()) throw new Error('not a regular file');
    // 16-bit RGBA, uncompressed, and room for metadata.
    const longest = 8 * (options.limitPixels ?? defaultLimitPixels) + 2 ** 24;
    if (info.size > longest)
      throw new Error(`${info.size} bytes, more than a picture within the limit can have`);
    return await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'no such file' : code ? `cannot be read (${code})` : message;
    throw new ImageError('readImage', path, reason);
  }
};
