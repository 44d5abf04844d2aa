import { resample } from './resize.ts';

/** How a reference is laid over a picture: turned about its centre, then shifted. */
export interface Placement {
  /** Degrees, clockwise on the screen. */
  readonly angle: number;
  /** Pixels, to the right and downwards. */
  readonly dx: number;
  readonly dy: number;
}

export interface Registration extends Placement {
  /** The correlation of the grey pictures that was reached, from -1 to 1. */
  readonly correlation: number;
  /** The reference in its place: bytes [3, size, size]. */
  readonly image: Uint8Array;
}

type Candidate = Placement & { readonly correlation: number };

const asItIs: Placement = { angle: 0, dx: 0, dy: 0 };

/** The search begins on pictures of this side, and doubles it up to the full size. */
const COARSEST = 16;
/** Largest shift tried at the coarsest scale, in its pixels: an eighth of the picture. */
const COARSE_SHIFT = 2;
/** How many candidates are followed from the coarsest scale to the next, and from there on. */
const FOLLOWED = [4, 2];
/** How often the step is halved at the full size: to a quarter of a pixel. */
const HALVINGS = 2;

/** One pixel at the rim of a picture, in degrees. */
const rimPixel = (side: number): number => (2 / side) * (180 / Math.PI);

const greyOf = (image: Uint8Array, size: number): Float32Array => {
  const plane = size * size;
  return Float32Array.from(
    { length: plane },
    (_, i) => 0.299 * image[i] + 0.587 * image[plane + i] + 0.114 * image[2 * plane + i],
  );
};

/** Which pixels of a row are looked at: from the first to before the end. */
type Rows = (y: number) => readonly [number, number];

const wholeRows =
  (side: number): Rows =>
  () => [0, side];

/** The disc inscribed in the picture: what every rotation about the centre keeps in it. */
const discRows = (side: number): Rows => {
  const centre = (side - 1) / 2;
  return (y) => {
    const half = Math.sqrt((side / 2) ** 2 - (y - centre) ** 2);
    return [Math.ceil(centre - half), Math.floor(centre + half) + 1];
  };
};

/**
 * The pixels of a placed plane within the rows, one after another: bilinear; beyond the border, the nearest pixel of the
 * border. This is the inner loop of the search.
 */
function placed(
  plane: Float32Array,
  side: number,
  { angle, dx, dy }: Placement,
  rows: Rows,
  into: Float32Array,
): Float32Array {
  const [cos, sin] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
  const centre = (side - 1) / 2;
  const last = side - 1;
  let n = 0;
  for (let y = 0; y < side; y++) {
    const v = y - centre - dy;
    const [first, end] = rows(y);
    for (let x = first; x < end; x++) {
      const u = x - centre - dx;
      const sx = Math.min(Math.max(cos * u + sin * v + centre, 0), last);
      const sy = Math.min(Math.max(cos * v - sin * u + centre, 0), last);
      const left = Math.min(sx | 0, last - 1);
      const top = Math.min(sy | 0, last - 1);
      const at = top * side + left;
      const upper = plane[at] + (plane[at + 1] - plane[at]) * (sx - left);
      const lower = plane[at + side] + (plane[at + side + 1] - plane[at + side]) * (sx - left);
      into[n++] = upper + (lower - upper) * (sy - top);
    }
  }
  return into;
}

/** Normalised correlation of two lists of numbers; 0 where either is of one grey. */
function correlation(p: Float32Array, q: Float32Array): number {
  const n = p.length;
  let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    a += p[i];
    b += q[i];
    aa += p[i] * p[i];
    bb += q[i] * q[i];
    ab += p[i] * q[i];
  }
  const [varianceA, varianceB] = [aa - (a * a) / n, bb - (b * b) / n];
  // What varies by less than the rounding of its pixels has no structure.
  if (varianceA < 1e-3 * n || varianceB < 1e-3 * n) return 0;
  return (ab - (a * b) / n) / Math.sqrt(varianceA * varianceB);
}

/** Two grey pictures of one scale, to be compared within their discs. */
class Scale {
  readonly side: number;
  readonly #reference: Float32Array;
  readonly #rows: Rows;
  readonly #image: Float32Array;
  readonly #placed: Float32Array;

  constructor(side: number, image: Float32Array, reference: Float32Array) {
    const disc = Array.from({ length: side }, (_, y) => discRows(side)(y));
    const pixels = disc.reduce((sum, [first, end]) => sum + end - first, 0);
    this.side = side;
    this.#reference = reference;
    this.#rows = (y) => disc[y];
    this.#image = placed(image, side, asItIs, this.#rows, new Float32Array(pixels));
    this.#placed = new Float32Array(pixels);
  }

  measured(placement: Placement): Candidate {
    placed(this.#reference, this.side, placement, this.#rows, this.#placed);
    return { ...placement, correlation: correlation(this.#image, this.#placed) };
  }
}

/** The two pictures at the sides of the search, the coarsest first. */
function scales(image: Uint8Array, reference: Uint8Array, size: number): Scale[] {
  const [a, b] = [greyOf(image, size), greyOf(reference, size)];
  const sides = [size];
  while (sides[0] >= 2 * COARSEST) sides.unshift(Math.ceil(sides[0] / 2));
  const at = (grey: Float32Array, side: number) => resample(grey, size, size, 1, side, side);
  return sides.map((side) => new Scale(side, at(a, side), at(b, side)));
}

/** All placements on a grid around one: the angles given, and shifts of up to `reach` steps. */
function grid(around: Placement, angles: readonly number[], step: number, reach: number): Placement[] {
  const shifts = Array.from({ length: 2 * reach + 1 }, (_, i) => (i - reach) * step);
  return angles.flatMap((angle) =>
    shifts.flatMap((dy) =>
      shifts.map((dx) => ({ angle: around.angle + angle, dx: around.dx + dx, dy: around.dy + dy })),
    ),
  );
}

/** The best placements, of which no two are the same peak: they differ by more than a step in angle or shift. */
function peaks(candidates: Candidate[], count: number, angleStep: number): Candidate[] {
  const found: Candidate[] = [];
  const turn = (a: number, b: number) => Math.abs(((a - b + 540) % 360) - 180);
  for (const c of candidates.sort((a, b) => b.correlation - a.correlation)) {
    if (found.length === count) break;
    const same = (f: Candidate) =>
      turn(f.angle, c.angle) < 1.5 * angleStep && Math.abs(f.dx - c.dx) < 1.5 && Math.abs(f.dy - c.dy) < 1.5;
    if (!found.some(same)) found.push(c);
  }
  return found;
}

/** A picture of bytes [3, size, size], placed; rounded. */
function place(image: Uint8Array, size: number, placement: Placement): Uint8Array {
  const plane = size * size;
  const rows = wholeRows(size);
  const values = new Float32Array(plane);
  const out = new Uint8ClampedArray(image.length); // rounds by itself
  for (let c = 0; c < image.length; c += plane)
    out.set(placed(Float32Array.from(image.subarray(c, c + plane)), size, placement, rows, values), c);
  return new Uint8Array(out.buffer);
}

/**
 * Turns and shifts a reference so that it lies over an image as well as possible: the placement with the highest normalised
 * correlation of the grey pictures (ITU-R BT.601) within the inscribed disc, over all angles and shifts of up to about an
 * eighth of the side. Coarse to fine: every angle at 16 pixels, the best peaks followed through doubled sides, the last steps a
 * quarter of a pixel. Never worse, by that measure, than the reference as it is, which is then returned as it is.
 *
 * @param image bytes [3, size, size], and so `reference`.
 * @returns the placement, and the reference placed; where it does not reach, its border is repeated.
 * @throws RangeError when a picture is not [3, size, size] or smaller than 16 pixels.
 */
export function registerReference(image: Uint8Array, reference: Uint8Array, size: number): Registration {
  for (const [name, { length }] of Object.entries({ image, reference }))
    if (length !== 3 * size * size || size < COARSEST)
      throw new RangeError(
        `registerReference: ${name} has ${length} values, expected [3,${size},${size}] with a side of at least ${COARSEST}`,
      );
  const levels = scales(image, reference, size);
  const { side: coarsest } = levels[0];
  const turns = Math.ceil(360 / rimPixel(coarsest));
  const angles = Array.from({ length: turns }, (_, i) => (i * 360) / turns);
  const first = grid(asItIs, angles, 1, COARSE_SHIFT).map((p) => levels[0].measured(p));
  let candidates = peaks(first, FOLLOWED[0], rimPixel(coarsest));
  const refined = (scale: Scale, step: number, count: number): Candidate[] => {
    const angle = step * rimPixel(scale.side);
    const near = candidates.flatMap((c) => grid(c, [-angle, 0, angle], step, 1));
    return peaks(
      near.map((p) => scale.measured(p)),
      count,
      angle,
    );
  };
  for (let level = 1; level < levels.length; level++) {
    const zoom = levels[level].side / levels[level - 1].side;
    candidates = candidates.map((c) => ({ ...c, dx: c.dx * zoom, dy: c.dy * zoom }));
    candidates = refined(levels[level], 1, FOLLOWED[level] ?? 1);
  }
  const last = levels[levels.length - 1];
  for (let i = 1; i <= HALVINGS; i++) candidates = refined(last, 0.5 ** i, 1);
  const start = last.measured(asItIs);
  const [found] = candidates;
  // A placement must earn the blur of its interpolation.
  if (!(found.correlation > start.correlation)) return { ...start, image: reference.slice() };
  const angle = ((((found.angle + 180) % 360) + 360) % 360) - 180;
  return { ...found, angle, image: place(reference, size, found) };
}
