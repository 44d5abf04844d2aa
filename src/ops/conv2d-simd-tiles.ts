/*
 * How much of a convolution one workgroup of a processor's kernel computes. All of it is unrolled into one loop body, so the
 * tile is as large as the instruction cache allows, and of the shape that loads least for each multiply-add.
 */

/** Accumulators per lane. */
const MOST_SUMS = 112;
/** Those of a weight gradient, beyond which compiling takes seconds: each is in use all the time. */
const MOST_WEIGHT_SUMS = 144;
/** Maps up to this width are computed by whole rows, so that no tap is wasted left and right of them. */
const WIDEST = 16;
/** Columns of a tile on wider maps. */
const COLUMNS = 8;
/** Loading a pixel costs this many times as much as a weight, of which several are loaded at a time. */
const PIXEL = 1.5;

/** Input channels that are summed at a time, where there are more than MOST. */
const SPLIT = 16;
const MOST = 32;

/**
 * The constant SPLIT of the kernels: how many input channels they sum at a time before they add that to a total, 0 where all of
 * them are. What is lost grows with the root of the numbers added one after another, so a sum of sums loses less; the totals
 * take as many accumulators again, and few channels do without.
 */
export const splitOf = (channels: number): number => (channels > MOST ? SPLIT : 0);

/** Extents of a convolution of stride 1. */
export interface ConvExtents {
  readonly o: number;
  readonly w: number;
  readonly oh: number;
  readonly ow: number;
  readonly kh: number;
  readonly kw: number;
}

/** Output channels per lane (1, 2 or 4), rows and columns of pixels. */
export interface PixelTile {
  readonly groups: number;
  readonly rows: number;
  readonly columns: number;
}

const GROUPS = [4, 2, 1];

/** The tile of conv2d_simd_pixels, of at most so many multiply-adds in a loop body. */
export function pixelTile({ o, w, oh, ow, kh, kw }: ConvExtents, lanes: number, loopBody: number): PixelTile {
  const whole = ow <= WIDEST;
  const columns = whole ? ow : COLUMNS;
  const width = whole ? w : columns + kw - 1;
  const tiles = GROUPS.map((groups) => {
    const most = Math.min(loopBody / (kh * kw), MOST_SUMS) / (columns * groups);
    const bands = Math.ceil(oh / Math.max(1, Math.floor(most)));
    const rows = Math.ceil(oh / bands);
    const loads = PIXEL * (rows + kh - 1) * width + kh * kw * groups * lanes;
    const cost = (loads * Math.ceil(o / (groups * lanes))) / (rows * columns);
    return { groups, rows, columns, cost };
  });
  return tiles.reduce((best, tile) => (tile.cost < best.cost ? tile : best));
}

/**
 * Output channels per lane of conv2d_weight_grad_simd_rows, or undefined where whole rows are too long for it or most of its
 * lanes would have no input channel of their own.
 */
export function rowGroups(
  { o, ow, kh, kw }: ConvExtents,
  channels: number,
  lanes: number,
  loopBody: number,
): number | undefined {
  if (2 * channels <= lanes) return undefined;
  const sums = lanes * kh * kw;
  return GROUPS.find(
    (groups) =>
      groups * sums * ow <= loopBody &&
      groups * sums <= MOST_WEIGHT_SUMS &&
      (groups === 1 || groups * lanes < o + lanes),
  );
}
