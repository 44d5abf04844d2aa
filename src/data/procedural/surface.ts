import type { Random } from '../../random.ts';
import { clamp01 } from './noise.ts';

/** Red, green and blue, 0 (black) to 1 (white), as displayed. */
export type Rgb = [number, number, number];

/** The flawless surface of one product, without end in every direction. */
export interface Surface {
  /** Writes the colour at (x, y) into `out`; one unit is the side of an image. */
  colour(x: number, y: number, out: Rgb): void;
  /** What shows where the texture is missing: the backing, or the plain material. */
  readonly bare: Rgb;
  /** Distance after which a regular texture repeats, in image sides. */
  readonly pitch: number;
}

/** Draws the parameters of a product (colours, densities) and returns its surface. */
export type SurfaceMaker = (random: Random) => Surface;

export const between = (random: Random, low: number, high: number): number =>
  low + (high - low) * random.next();
/** A seed for the noise functions. */
export const noiseSeed = (random: Random): number => random.int(0x7fffffff);
export const oneOf = <T>(random: Random, items: readonly T[]): T => items[random.int(items.length)];

/** One of several colours, moved a little in lightness and hue. */
export const pickColour = (random: Random, colours: readonly Rgb[], spread = 0.05): Rgb => {
  const lighter = between(random, -spread, spread);
  return oneOf(random, colours).map((c) =>
    clamp01(c + lighter + between(random, -spread, spread) / 3),
  ) as Rgb;
};

/** Writes the colour between a and b at t, made lighter or darker by the factor `light`. */
export const paint = (out: Rgb, a: Rgb, b: Rgb, t: number, light: number): void => {
  for (let c = 0; c < 3; c++) out[c] = (a[c] + (b[c] - a[c]) * t) * light;
};
