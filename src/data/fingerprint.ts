import { createHash } from 'node:crypto';
import type { LoadedTask } from './loader.ts';
import { resample } from './resize.ts';

/** What tells whether two pictures are the same one. */
export interface Fingerprint {
  /** {@link pixelDigest} of the picture as loaded: equal for copies, whatever files they came from. */
  readonly exact: string;
  /** 64-bit perceptual hash, as two 32-bit words: bits that stay when a picture is encoded, scaled or lit a little otherwise. */
  readonly perceptual: readonly [number, number];
  /** Grey thumbnail [SIDE, SIDE] of mean 0 and deviation 1, so that brightness and contrast do not count. */
  readonly thumbnail: Float32Array;
  /** Its deviation before that, in grey levels of 255. */
  readonly contrast: number;
}

/** Side of the thumbnails. */
const SIDE = 32;
/** Lowest frequencies of the perceptual hash in either direction. */
const LOW = 8;

/** cos((2x + 1) u pi / 2 SIDE), the basis of the discrete cosine transform, for u < LOW. */
const basis = Array.from({ length: LOW }, (_, u) =>
  Float64Array.from({ length: SIDE }, (_, x) => Math.cos(((2 * x + 1) * u * Math.PI) / (2 * SIDE))),
);

/** Whether each of the LOW x LOW lowest frequencies of the cosine transform is above their median (the pHash of Zauner 2010). */
function perceptualHash(thumbnail: Float32Array): [number, number] {
  const rows = basis.map((wave) =>
    Float64Array.from({ length: SIDE }, (_, y) =>
      wave.reduce((sum, w, x) => sum + w * thumbnail[y * SIDE + x], 0),
    ),
  );
  const frequencies = basis.flatMap((wave) =>
    rows.map((row) => wave.reduce((sum, w, y) => sum + w * row[y], 0)),
  );
  // The first, which is the mean, says nothing.
  const rising = frequencies.slice(1).sort((a, b) => a - b);
  const median = rising[(rising.length - 1) / 2];
  const word = (from: number) =>
    frequencies.slice(from, from + 32).reduce((bits, f, i) => (f > median ? bits | (1 << i) : bits), 0);
  return [word(0), word(32)];
}

function greyThumbnail(planes: Uint8Array, size: number): Pick<Fingerprint, 'thumbnail' | 'contrast'> {
  const count = size * size;
  const grey = new Float32Array(count);
  // Rec. 601: a channel that hardly shows, but is soon at its limit, counts little.
  for (let i = 0; i < count; i++)
    grey[i] = 0.299 * planes[i] + 0.587 * planes[count + i] + 0.114 * planes[2 * count + i];
  const small = resample(grey, size, size, 1, SIDE, SIDE);
  const mean = small.reduce((a, b) => a + b) / small.length;
  const contrast = Math.sqrt(small.reduce((sum, v) => sum + (v - mean) ** 2, 0) / small.length);
  // A picture of one grey stays all zeros.
  return { thumbnail: small.map((v) => (v - mean) / (contrast || 1)), contrast };
}

/** Side in pixels at which pictures of any size are compared. */
export const digestSide = 64;

/** SHA-256 (hex, its first half) of the pixels of a picture. */
export const pixelDigest = (planes: Uint8Array): string =>
  createHash('sha256').update(planes).digest('hex').slice(0, 32);

/** The fingerprint of every picture of a task, as it was loaded. Exact ones compare between pictures of one size only. */
export function fingerprints({
  images,
  size,
}: Pick<LoadedTask<Uint8Array>, 'images' | 'size'>): Fingerprint[] {
  const length = 3 * size * size;
  return Array.from({ length: images.length / length }, (_, i) => {
    const planes = images.subarray(i * length, (i + 1) * length);
    const { thumbnail, contrast } = greyThumbnail(planes, size);
    return { exact: pixelDigest(planes), perceptual: perceptualHash(thumbnail), thumbnail, contrast };
  });
}

/** How many bits of a 32-bit word are set. */
const bits = (word: number): number => {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
};

/** In how many of their 64 bits two perceptual hashes differ. */
const hashDistance = (a: Fingerprint['perceptual'], b: Fingerprint['perceptual']): number =>
  bits(a[0] ^ b[0]) + bits(a[1] ^ b[1]);

/** Root mean square of the difference of two thumbnails, in deviations. */
function thumbnailDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum / a.length);
}

/** Most bits in which the hashes of near duplicates differ. */
const NEAR_BITS = 10;
/** Most difference of their thumbnails once brightness and contrast are equal: in grey levels, and in deviations. */
const NEAR_LEVELS = 1;
const NEAR_DEVIATIONS = 0.15;

/**
 * Whether two pictures are likely one, encoded, scaled or lit a little otherwise. The hash alone would not do: photographs
 * of one product in one position have much the same one. It is fast, and where it allows the thumbnails decide. Encoders and
 * filters err by grey levels, whatever the contrast; where there is hardly any, the bound in deviations holds.
 *
 * Measured on photographs of eight products at 64 px, of 86 each: found were all that were encoded as JPEG of quality 75, of 70%
 * of the size or darker by a tenth, 85 of quality 40, 82 of half the size, 76 brighter by a tenth (which cuts off what is white),
 * 74 brighter, smaller and encoded at once. Of 63,827 pairs of different files of one product, 2 were taken for one picture, both
 * in one set.
 */
export const isNear = (a: Fingerprint, b: Fingerprint): boolean => {
  if (hashDistance(a.perceptual, b.perceptual) > NEAR_BITS) return false;
  const distance = thumbnailDistance(a.thumbnail, b.thumbnail);
  return distance <= NEAR_DEVIATIONS && distance * Math.sqrt(a.contrast * b.contrast) <= NEAR_LEVELS;
};
