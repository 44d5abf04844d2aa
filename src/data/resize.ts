import type { RgbImage } from './pixels.ts';

/** For each output sample: where its source samples begin, how many they are, and their weights (sum 1). */
interface Taps {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** `width` weights per output sample, of which the first `counts[i]` are used. */
  readonly weights: Float64Array;
  readonly width: number;
}

/**
 * Triangle filter, one source pixel wide where the picture grows, and widened by the reduction factor where it
 * shrinks, so that every source pixel counts (no aliasing). Samples outside the picture are left out and the
 * rest rescaled. The same filter as Pillow's BILINEAR.
 */
const makeTaps = (from: number, to: number): Taps => {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const width = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(to);
  const counts = new Int32Array(to);
  const weights = new Float64Array(to * width);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.floor(centre - support + 0.5));
    const end = Math.min(from, Math.floor(centre + support + 0.5));
    const row = weights.subarray(i * width, i * width + end - start);
    let sum = 0;
    for (let k = 0; k < row.length; k++) {
      row[k] = Math.max(0, 1 - Math.abs((start + k + 0.5 - centre) / support));
      sum += row[k];
    }
    for (let k = 0; k < row.length; k++) row[k] /= sum;
    starts[i] = start;
    counts[i] = row.length;
  }
  return { starts, counts, weights, width };
};

/**
 * Resamples interleaved rows along one axis, seen as [outer, length, inner] -> [outer, to, inner].
 */
const resampleAxis = (
  source: ArrayLike<number>,
  outer: number,
  length: number,
  inner: number,
  to: number,
): ArrayLike<number> => {
  if (length === to) return source; // the filter is then the identity
  const { starts, counts, weights, width } = makeTaps(length, to);
  const out = new Float32Array(outer * to * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < to; i++) {
      const first = (o * length + starts[i]) * inner;
      const target = (o * to + i) * inner;
      for (let c = 0; c < inner; c++) {
        let sum = 0;
        for (let k = 0, at = first + c; k < counts[i]; k++, at += inner)
          sum += weights[i * width + k] * source[at];
        out[target + c] = sum;
      }
    }
  }
  return out;
};

/**
 * Resizes an interleaved picture [height, width, channels] to [toHeight, toWidth, channels], smaller or larger,
 * with an antialiased bilinear filter. Values keep their unit and are not rounded; the picture's proportions are
 * not kept.
 * @throws RangeError when a side is not a positive integer or `source` has not height * width * channels values.
 */
export const resample = (
  source: ArrayLike<number>,
  width: number,
  height: number,
  channels: number,
  toWidth: number,
  toHeight: number,
): Float32Array => {
  for (const side of [width, height, channels, toWidth, toHeight]) {
    if (!Number.isInteger(side) || side < 1) {
      throw new RangeError(
        `resample: sides must be positive integers, got ${width} x ${height} x ${channels} -> ${toWidth} x ${toHeight}`,
      );
    }
  }
  if (source.length !== width * height * channels) {
    throw new RangeError(
      `resample: ${source.length} values are no ${width} x ${height} picture of ${channels} channels`,
    );
  }
  const columns = resampleAxis(source, height, width, channels, toWidth);
  const rows = resampleAxis(columns, 1, height, toWidth * channels, toHeight);
  return rows instanceof Float32Array && rows !== source ? rows : Float32Array.from(rows);
};

/**
 * Resizes a picture to a square, squashing what is not square: float RGB, interleaved [side, side, 3], in 0 to 255,
 * not rounded.
 */
export const resizeToSquare = (image: RgbImage, side: number): Float32Array =>
  resample(image.data, image.width, image.height, 3, side, side);
