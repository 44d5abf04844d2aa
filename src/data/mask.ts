import { type DecodeOptions, readImage } from './image.ts';
import { resample } from './resize.ts';

/**
 * Reads a defect mask, resized to [size, size]: 1 where at least half of the pixel's (filtered) area is defective,
 * else 0. In the file, the brightest value marks the defect, be it 1 or 255; a file that is all black has none.
 * @throws ImageError as `readImage`.
 */
export const loadMask = async (
  path: string,
  size: number,
  options: DecodeOptions = {},
): Promise<Uint8Array> => {
  const { width, height, data } = await readImage(path, options);
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) grey[i] = Math.max(data[3 * i], data[3 * i + 1], data[3 * i + 2]);
  const half = grey.reduce((max, value) => Math.max(max, value), 0) / 2;
  const resized = resample(grey, width, height, 1, size, size);
  return Uint8Array.from(resized, (value) => (half > 0 && value >= half ? 1 : 0));
};
