import { interpolateInferno } from 'd3-scale-chromatic';
import { encode } from 'fast-png';
import { type RgbImage, resample } from '../data/index.ts';

/* Pictures of maps. A map is [size, size], row-major; drawn, its values are colours from 0 (black) to 1 (pale yellow). */

/** How opaque the heat of an overlay is at value 1. */
const OPACITY = 0.75;
/** Pixels between pictures side by side. */
const GAP = 4;

/** Red, green and blue for the values 0 to 255. */
const colours: readonly (readonly number[])[] = Array.from({ length: 256 }, (_, i) => {
  const hex = Number.parseInt(interpolateInferno(i / 255).slice(1), 16);
  return [hex >> 16, (hex >> 8) & 255, hex & 255];
});

const clamp = (value: number): number => Math.min(Math.max(value, 0), 1);

const sideOf = (who: string, map: ArrayLike<number>): number => {
  const side = Math.sqrt(map.length);
  if (!Number.isInteger(side) || side === 0)
    throw new RangeError(`${who}: a map of ${map.length} values is not square`);
  return side;
};

/**
 * A map scaled so that its largest value is 1; 0 stays 0, "no evidence".
 * @param largest what becomes 1 (default: the largest value of this map): one number for several maps keeps them comparable.
 * @returns all zeros where the largest value is not positive.
 */
export function normaliseMap(map: Float32Array, largest = largestOf([map])): Float32Array {
  return largest > 0 ? map.map((value) => clamp(value / largest)) : new Float32Array(map.length);
}

/** The largest value of several maps, and never below 0. */
export const largestOf = (maps: readonly Float32Array[]): number =>
  maps.reduce((largest, map) => map.reduce((a, b) => Math.max(a, b), largest), 0);

/** A map enlarged (bilinear) or reduced to [height, width]. */
const fitted = (who: string, map: Float32Array, width: number, height: number): Float32Array => {
  const side = sideOf(who, map);
  return resample(map, side, side, 1, width, height);
};

/** A map in [0, 1] in colours, enlarged (bilinear) to width x height. Values beyond are cut off. */
export function heatMap(map: Float32Array, width: number, height: number): RgbImage {
  const values = fitted('heatMap', map, width, height);
  const data = new Uint8Array(3 * width * height);
  values.forEach((value, i) => {
    data.set(colours[Math.round(255 * clamp(value))], 3 * i);
  });
  return { width, height, data };
}

/** A picture under its map in [0, 1], enlarged (bilinear) to the picture: the higher a value, the less of the picture is seen. */
export function overlay(picture: RgbImage, map: Float32Array): RgbImage {
  const { width, height } = picture;
  const values = fitted('overlay', map, width, height);
  const data = new Uint8Array(picture.data.length);
  values.forEach((value, i) => {
    const v = clamp(value);
    const colour = colours[Math.round(255 * v)];
    const alpha = OPACITY * v;
    for (let c = 0; c < 3; c++)
      data[3 * i + c] = Math.round((1 - alpha) * picture.data[3 * i + c] + alpha * colour[c]);
  });
  return { width, height, data };
}

/** The picture of bytes [3, size, size] that the network sees. */
export function pictureOf(image: Uint8Array, size: number): RgbImage {
  const plane = size * size;
  if (image.length !== 3 * plane)
    throw new RangeError(`pictureOf: ${image.length} values are no image [3,${size},${size}]`);
  const data = new Uint8Array(image.length);
  for (let i = 0; i < plane; i++) for (let c = 0; c < 3; c++) data[3 * i + c] = image[c * plane + i];
  return { width: size, height: size, data };
}

/** A picture enlarged by a whole factor, every pixel a square. */
export function enlarged({ width, height, data }: RgbImage, factor: number): RgbImage {
  const out = new Uint8Array(data.length * factor * factor);
  const row = width * factor;
  for (let y = 0; y < height * factor; y++)
    for (let x = 0; x < row; x++) {
      const from = 3 * (Math.floor(y / factor) * width + Math.floor(x / factor));
      out.set(data.subarray(from, from + 3), 3 * (y * row + x));
    }
  return { width: row, height: height * factor, data: out };
}

/**
 * Pictures of one size side by side on white.
 * @throws when their sizes differ.
 */
export function sideBySide(pictures: readonly RgbImage[]): RgbImage {
  const [{ width, height }] = pictures;
  const odd = pictures.find((p) => p.width !== width || p.height !== height);
  if (odd)
    throw new RangeError(
      `sideBySide: pictures of ${width} x ${height} and ${odd.width} x ${odd.height} pixels: give one size`,
    );
  const full = pictures.length * (width + GAP) - GAP;
  const data = new Uint8Array(3 * full * height).fill(255);
  pictures.forEach((picture, i) => {
    for (let y = 0; y < height; y++)
      data.set(picture.data.subarray(3 * y * width, 3 * (y + 1) * width), 3 * (y * full + i * (width + GAP)));
  });
  return { width: full, height, data };
}

/** The bytes of a PNG file. */
export const encodePng = ({ width, height, data }: RgbImage): Uint8Array =>
  encode({ width, height, data, channels: 3, depth: 8 });

/** The PNG file of {@link heatMap}. */
export const heatMapPng = (map: Float32Array, width: number, height: number): Uint8Array =>
  encodePng(heatMap(map, width, height));

/** The PNG file of {@link overlay}. */
export const overlayPng = (picture: RgbImage, map: Float32Array): Uint8Array =>
  encodePng(overlay(picture, map));
