import { Random } from '../../random.ts';
import type { RgbImage } from '../pixels.ts';
import { catalogue, type DefectFamily, defectFamilies, type TextureName, textures } from './catalogue.ts';
import { type BreakKind, type ColourAt, type Defect, defectMakers, type Piece } from './defects.ts';
import { between, oneOf, type Rgb } from './surface.ts';

export interface SampleOptions {
  readonly texture: TextureName;
  readonly defect: 'good' | DefectFamily;
  /** Side of the square image in pixels, 16 or more. */
  readonly size: number;
  /** Decides all that varies between the images of one product. */
  readonly seed: number | string;
  /** Decides the product: colours, density. Images with the same texture and product are of the same article. Default: the texture's name. */
  readonly product?: number | string;
}

export interface Sample {
  readonly image: RgbImage;
  /** One byte per pixel, row-major: 255 where the defect is, else 0, as in the masks of MVTec AD. */
  readonly mask: Uint8Array;
  /** What was drawn. */
  readonly kind: 'good' | 'stain' | BreakKind;
}

/** Samples per pixel side; their mean is the pixel, so that fine patterns do not alias. */
const oversampling = 2;
/** A pixel belongs to the mask from this mean coverage on. */
const maskCoverage = 0.25;
/** A defect that a person should see: mean change of its pixels (0 to 1), and share of the image. */
const visible = { contrast: 0.12, area: 0.012 };
const attempts = 12;

/** Where the camera stands: maps a place in the image (0 to 1) to the surface. */
const drawPose = (random: Random): ((u: number, v: number) => [number, number]) => {
  const angle = between(random, -0.07, 0.07);
  const scale = between(random, 0.95, 1.05);
  const [cos, sin] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
  const [ox, oy] = [between(random, 0, 64), between(random, 0, 64)];
  return (u, v) => [ox + (u - 0.5) * cos - (v - 0.5) * sin, oy + (u - 0.5) * sin + (v - 0.5) * cos];
};

/** Places of the samples within pixel i of a side. */
const subpixels = (i: number, size: number): number[] =>
  Array.from({ length: oversampling }, (_, k) => (i + (k + 0.5) / oversampling) / size);

/** The flawless image, three numbers from 0 to 1 per pixel. */
const renderFlawless = (colourAt: ColourAt, size: number): Float32Array => {
  const pixels = new Float32Array(size * size * 3);
  const colour: Rgb = [0, 0, 0];
  const places = Array.from({ length: size }, (_, i) => subpixels(i, size));
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++, at += 3) {
      for (const v of places[y]) {
        for (const u of places[x]) {
          colourAt(u, v, colour);
          for (let c = 0; c < 3; c++) pixels[at + c] += colour[c] / oversampling ** 2;
        }
      }
    }
  }
  return pixels;
};

interface Flawed {
  readonly pixels: Float32Array;
  readonly mask: Uint8Array;
  readonly contrast: number;
  readonly area: number;
}

/** The same image with the defect; pixels that it does not touch are copied. */
const renderFlawed = (flawless: Float32Array, defect: Defect, colourAt: ColourAt, size: number): Flawed => {
  const pixels = flawless.slice();
  const mask = new Uint8Array(size * size);
  const colour: Rgb = [0, 0, 0];
  const sum: Rgb = [0, 0, 0];
  const places = Array.from({ length: size }, (_, i) => subpixels(i, size));
  let masked = 0;
  let change = 0;
  for (let y = 0, pixel = 0; y < size; y++) {
    for (let x = 0; x < size; x++, pixel++) {
      const coverages = places[y].map((v) => places[x].map((u) => defect.coverage(u, v)));
      const coverage = coverages.flat().reduce((a, b) => a + b) / oversampling ** 2;
      if (coverage === 0) continue;
      sum.fill(0);
      for (const [j, v] of places[y].entries()) {
        for (const [i, u] of places[x].entries()) {
          colourAt(u, v, colour);
          if (coverages[j][i] > 0) defect.apply(u, v, coverages[j][i], colour);
          for (let c = 0; c < 3; c++) sum[c] += colour[c] / oversampling ** 2;
        }
      }
      pixels.set(sum, pixel * 3);
      if (coverage < maskCoverage) continue;
      mask[pixel] = 255;
      masked++;
      for (let c = 0; c < 3; c++) change += Math.abs(sum[c] - flawless[pixel * 3 + c]) / 3;
    }
  }
  return { pixels, mask, contrast: masked === 0 ? 0 : change / masked, area: masked / size ** 2 };
};

/** Draws defects of one kind until one is plain to see; if none is, the plainest of those drawn. */
const drawDefect = (random: Random, kind: 'stain' | BreakKind, piece: Piece, size: number): Flawed => {
  let best: Flawed | undefined;
  for (let k = 0; k < attempts; k++) {
    const defect = defectMakers[kind](random.fork(`attempt ${k}`), piece);
    const flawed = renderFlawed(piece.pixels, defect, piece.colourAt, size);
    if (flawed.contrast >= visible.contrast && flawed.area >= visible.area) return flawed;
    if (!best || flawed.contrast * flawed.area > best.contrast * best.area) best = flawed;
  }
  return best as Flawed;
};

/** Light and sensor: brightness, a tint, a gradient across the image, noise; then 8 bits. */
const photograph = (pixels: Float32Array, size: number, random: Random): Uint8Array => {
  const gain = between(random, 0.88, 1.12);
  const tint = [between(random, 0.97, 1.03), 1, between(random, 0.97, 1.03)];
  const angle = between(random, 0, 2 * Math.PI);
  const slope = between(random, 0, 0.24);
  const noise = between(random, 0.008, 0.02);
  const bytes = new Uint8Array(pixels.length);
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const across = ((x + 0.5) / size - 0.5) * Math.cos(angle) + ((y + 0.5) / size - 0.5) * Math.sin(angle);
      const light = gain * (1 + slope * across);
      for (let c = 0; c < 3; c++, at++) {
        const value = pixels[at] * light * tint[c] + noise * roughlyNormal(random);
        bytes[at] = Math.max(0, Math.min(255, Math.round(value * 255)));
      }
    }
  }
  return bytes;
};

/** The sum of four bytes, centred and scaled to variance 1: near enough to normal for sensor noise, and quick. */
const roughlyNormal = (random: Random): number => {
  const bits = random.bits();
  const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
  return (sum - 510) / Math.sqrt((4 * (256 ** 2 - 1)) / 12);
};

const checkOptions = ({ texture, defect, size }: SampleOptions): void => {
  if (!textures.includes(texture)) {
    throw new RangeError(`renderSample: unknown texture "${texture}": use one of ${textures.join(', ')}`);
  }
  if (defect !== 'good' && !defectFamilies.includes(defect)) {
    throw new RangeError(`renderSample: unknown defect "${defect}": use good, ${defectFamilies.join(', ')}`);
  }
  if (!Number.isInteger(size) || size < 16) {
    throw new RangeError(`renderSample: size ${size} must be a whole number of pixels, 16 or more`);
  }
};

/**
 * Draws one image of a product and the mask of its defect. Equal options give equal bytes. Images with the same seed and
 * different `defect` show the same piece in the same light, with and without its defect.
 * @returns an image of `size` x `size` pixels
 * @throws RangeError on an unknown texture or defect, or a size below 16.
 */
export const renderSample = (options: SampleOptions): Sample => {
  checkOptions(options);
  const { texture, defect, size, seed, product = texture } = options;
  const surface = catalogue[texture].make(new Random(`${texture}/product ${product}`));
  const random = new Random(`${texture}/image ${seed}`);
  const pose = drawPose(random.fork('pose'));
  const colourAt: ColourAt = (u, v, out) => surface.colour(...pose(u, v), out);
  const flawless = renderFlawless(colourAt, size);
  const finish = (pixels: Float32Array): RgbImage => ({
    width: size,
    height: size,
    data: photograph(pixels, size, random.fork('camera')),
  });
  if (defect === 'good') return { image: finish(flawless), mask: new Uint8Array(size * size), kind: 'good' };
  const forDefect = random.fork(defect);
  const kind = defect === 'stain' ? 'stain' : oneOf<BreakKind>(forDefect, catalogue[texture].breaks);
  const { pixels, mask } = drawDefect(forDefect, kind, { surface, colourAt, pixels: flawless }, size);
  return { image: finish(pixels), mask, kind };
};
