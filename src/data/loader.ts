import { digestSide, pixelDigest } from './fingerprint.ts';
import { type DecodeOptions, decodeImage, ImageError, readImage, readImageBytes } from './image.ts';
import { resample, resizeToSquare } from './resize.ts';
import type { Sample } from './tasks.ts';

export interface Progress {
  /** Files dealt with so far, and in all. */
  readonly done: number;
  readonly total: number;
  /** The file that was dealt with last. */
  readonly path: string;
}

export interface LoadOptions extends DecodeOptions {
  /** Side of the square that pictures are resized to, in pixels. Default 256. */
  readonly size?: number;
  /** Leaves out files that cannot be read, and lists them, instead of stopping at the first. Default false. */
  readonly skipBroken?: boolean;
  readonly onProgress?: (progress: Progress) => void;
}

/** The pictures of a task in memory. */
export interface LoadedTask<Images extends Float32Array | Uint8Array = Float32Array> {
  /** [n, 3, size, size], planes R, G, B: floats in [0, 1], or bytes in 0 to 255. */
  readonly images: Images;
  readonly size: number;
  /** Label of each image: 0 normal, 1 defective. */
  readonly labels: Uint8Array;
  /** The sample of each image, with its digest where it was loaded from a file; what was skipped is not among them. */
  readonly samples: readonly Sample[];
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/** Mean and standard deviation of pixel values in [0, 1]: one for all channels, or one per channel. */
export interface FixedNormalisation {
  readonly mean: number | readonly [number, number, number];
  readonly std: number | readonly [number, number, number];
}

/**
 * How pixel values are centred and scaled: all images by the same numbers, or every image by the mean and the standard deviation of
 * its own values, all channels together, so that light that is brighter or harder for all of it changes nothing. A large defect moves
 * these numbers too, and so how the rest of its image looks.
 */
export type Normalisation = FixedNormalisation | 'per-image';

/** [0, 1] -> [-1, 1]. */
export const defaultNormalisation: FixedNormalisation = { mean: 0.5, std: 0.5 };

/** How many files are read ahead of the decoder. */
const readAhead = 8;

const channels = 3;

/** Splits interleaved RGB into planes, times `scale`; a byte array rounds (clamped) by itself. */
const toPlanes = (pixels: Float32Array, planes: Float32Array | Uint8ClampedArray, scale: number): void => {
  const count = pixels.length / channels;
  for (let c = 0; c < channels; c++) {
    for (let i = 0, from = c, to = c * count; i < count; i++, from += channels)
      planes[to++] = pixels[from] * scale;
  }
};

/** Interleaved RGB as planes of bytes [3, side, side]. */
const toBytes = (pixels: Float32Array, side: number): Uint8Array => {
  const planes = new Uint8ClampedArray(channels * side * side);
  toPlanes(pixels, planes, 1);
  return new Uint8Array(planes.buffer);
};

/** Reads, decodes, resizes and hands on one picture after another; only a few files are in memory at once. */
const load = async (
  samples: readonly Sample[],
  options: LoadOptions,
  take: (pixels: Float32Array, index: number) => void,
): Promise<Pick<LoadedTask, 'labels' | 'samples' | 'skipped'>> => {
  const { size = 256, skipBroken = false, onProgress } = options;
  const loaded: Sample[] = [];
  const skipped: { path: string; reason: string }[] = [];
  // A failed read is kept as a value, so that it is raised in its turn and never unhandled.
  const read = ({ path }: Sample): Promise<Uint8Array | unknown> =>
    readImageBytes(path, options).catch((error: unknown) => ({ error }));
  const queue = samples.slice(0, readAhead).map(read);

  for (let i = 0; i < samples.length; i++) {
    const { path } = samples[i];
    const bytes = await queue.shift();
    if (i + readAhead < samples.length) queue.push(read(samples[i + readAhead]));
    try {
      if (!(bytes instanceof Uint8Array)) throw (bytes as { error: unknown }).error;
      const image = decodeImage(bytes, path, options);
      const square = resizeToSquare(image, size);
      take(square, loaded.length);
      const small = size === digestSide ? square : resizeToSquare(image, digestSide);
      const digest = pixelDigest(toBytes(small, digestSide));
      loaded.push({ ...samples[i], digest });
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      const { reason } = error;
      if (!skipBroken) {
        throw new ImageError(
          'loadTask',
          path,
          `${reason}; run with --skip-broken to leave out files that cannot be read`,
        );
      }
      skipped.push({ path, reason });
    }
    onProgress?.({ done: i + 1, total: samples.length, path });
  }
  if (loaded.length === 0 && samples.length > 0) {
    const [first] = skipped;
    throw new ImageError(
      'loadTask',
      first.path,
      `${first.reason}; none of the ${samples.length} files can be read`,
    );
  }
  return { labels: Uint8Array.from(loaded, ({ label }) => label), samples: loaded, skipped };
};

const checkedSize = ({ size = 256 }: LoadOptions): number => {
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`loadTask: size must be a positive integer, got ${size}`);
  return size;
};

/**
 * Loads pictures as floats [n, 3, size, size] in [0, 1], not rounded, not normalised. At 256 px an image takes
 * 768 KiB; {@link loadTaskBytes} takes a quarter.
 * @throws ImageError that names the first file which cannot be read (unless `skipBroken`), or when none can.
 */
export const loadTask = async (
  samples: readonly Sample[],
  options: LoadOptions = {},
): Promise<LoadedTask> => {
  const size = checkedSize(options);
  const length = channels * size * size;
  const images = new Float32Array(samples.length * length);
  const rest = await load(samples, options, (pixels, i) => {
    toPlanes(pixels, images.subarray(i * length, (i + 1) * length), 1 / 255);
  });
  return { ...rest, size, images: images.subarray(0, rest.samples.length * length) };
};

/**
 * Loads pictures as bytes [n, 3, size, size], rounded to 8 bits after resizing: for sets that would not fit in
 * memory as floats. {@link gather} makes floats of the images that a step needs. Otherwise as {@link loadTask}.
 */
export const loadTaskBytes = async (
  samples: readonly Sample[],
  options: LoadOptions = {},
): Promise<LoadedTask<Uint8Array>> => {
  const size = checkedSize(options);
  const length = channels * size * size;
  const images = new Uint8Array(samples.length * length);
  const rest = await load(samples, options, (pixels, i) => {
    toPlanes(pixels, new Uint8ClampedArray(images.buffer, i * length, length), 1);
  });
  return { ...rest, size, images: images.subarray(0, rest.samples.length * length) };
};

/**
 * One picture as bytes [3, size, size], as {@link loadTaskBytes} loads it.
 * @throws ImageError that names the file and the reason.
 */
export const loadImageBytes = async (
  path: string,
  size: number,
  options: DecodeOptions = {},
): Promise<Uint8Array> => toBytes(resizeToSquare(await readImage(path, options), size), size);

/** The images at `indices` resized from the side they were loaded with, rounded: as a task of their own, and where they are in it. */
export function resizeImages(
  task: Pick<LoadedTask<Uint8Array>, 'images' | 'size'>,
  indices: readonly number[],
  size: number,
): { task: { images: Uint8Array; size: number }; indices: number[] } {
  const [from, to] = [task.size ** 2, size ** 2];
  const images = new Uint8ClampedArray(indices.length * channels * to);
  indices.forEach((index, i) => {
    for (let c = 0; c < channels; c++) {
      const start = (index * channels + c) * from;
      const plane = task.images.subarray(start, start + from);
      images.set(resample(plane, task.size, task.size, 1, size, size), (i * channels + c) * to);
    }
  });
  return { task: { images: new Uint8Array(images.buffer), size }, indices: indices.map((_, i) => i) };
}

const channelOf = (value: FixedNormalisation['mean'], channel: number): number =>
  typeof value === 'number' ? value : value[channel];

/** Of an image that is nearly of one value noise would become the picture: no deviation counts as less than a grey level. */
const LEAST_DEVIATION = 1 / 255;

/** An image's own mean and deviation, in units of `unit`. */
function ownNormalisation(image: Float32Array | Uint8Array, unit: number): FixedNormalisation {
  let sum = 0;
  for (const value of image) sum += value;
  const mean = sum / image.length;
  let squares = 0;
  for (const value of image) squares += (value - mean) ** 2;
  const deviation = Math.sqrt(squares / image.length) / unit;
  return { mean: mean / unit, std: Math.max(deviation, LEAST_DEVIATION) };
}

/** Writes (image / unit - mean) / std of one image [3, size, size]. */
const normaliseInto = (
  image: Float32Array | Uint8Array,
  to: Float32Array,
  unit: number,
  normalisation: Normalisation,
): void => {
  const { mean, std } = normalisation === 'per-image' ? ownNormalisation(image, unit) : normalisation;
  const plane = image.length / channels;
  for (let c = 0; c < channels; c++) {
    const scale = 1 / channelOf(std, c);
    const shift = -channelOf(mean, c) * scale;
    for (let i = c * plane; i < (c + 1) * plane; i++) to[i] = image[i] * (scale / unit) + shift;
  }
};

/**
 * (x - mean) / std for images [n, 3, size, size] in [0, 1]; a new array.
 * @param normalisation default: mean 0.5, deviation 0.5, so [0, 1] -> [-1, 1].
 * @throws RangeError when `images` is no whole number of images.
 */
export const normalise = (
  images: Float32Array,
  size: number,
  normalisation: Normalisation = defaultNormalisation,
): Float32Array => {
  const length = channels * size * size;
  if (images.length % length !== 0) {
    throw new RangeError(
      `normalise: ${images.length} values are no whole number of images [3, ${size}, ${size}]`,
    );
  }
  const out = new Float32Array(images.length);
  for (let at = 0; at < images.length; at += length)
    normaliseInto(images.subarray(at, at + length), out.subarray(at, at + length), 1, normalisation);
  return out;
};

/**
 * The images at `indices`, in that order, normalised: [indices.length, 3, size, size].
 * @param normalisation default: mean 0.5, deviation 0.5, so values in [-1, 1].
 * @throws RangeError when an index is not that of an image.
 */
export const gather = (
  task: Pick<LoadedTask<Float32Array | Uint8Array>, 'images' | 'size'>,
  indices: readonly number[],
  normalisation: Normalisation = defaultNormalisation,
): Float32Array => {
  const { images, size } = task;
  const length = channels * size * size;
  const count = images.length / length;
  const unit = images instanceof Uint8Array ? 255 : 1;
  const out = new Float32Array(indices.length * length);
  indices.forEach((index, i) => {
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new RangeError(`gather: index ${index} is not one of ${count} images`);
    }
    const image = images.subarray(index * length, (index + 1) * length);
    normaliseInto(image, out.subarray(i * length, (i + 1) * length), unit, normalisation);
  });
  return out;
};
