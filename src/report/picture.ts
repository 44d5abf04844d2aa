import { encode } from 'jpeg-js';
import { type RgbImage, readImage, resample } from '../data/index.ts';

/** A picture that a page carries in itself. */
export interface Picture {
  /** A `data:` address. */
  readonly source: string;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
}

/** JPEG's, in percent: photographs for the eye, a tenth of what PNG takes. */
const QUALITY = 85;

const dataAddress = (kind: string, bytes: Uint8Array): string =>
  `data:image/${kind};base64,${Buffer.from(bytes).toString('base64')}`;

/**
 * A drawing of an SVG file, as a picture that can neither run nor load anything.
 * @throws when the file states no width and height in pixels.
 */
export function svgPicture(svg: string): Picture {
  const [width, height] = ['width', 'height'].map((side) =>
    Number(new RegExp(`^<svg[^>]*? ${side}="([\\d.]+)"`).exec(svg)?.[1]),
  );
  if (!(width > 0 && height > 0)) throw new Error('the SVG file states no width and height');
  return { source: dataAddress('svg+xml', new TextEncoder().encode(svg)), width, height };
}

/** A picture resized so that its longer side has `side` pixels. */
export function fitted({ width, height, data }: RgbImage, side: number): RgbImage {
  const scale = side / Math.max(width, height);
  const [w, h] = [width, height].map((length) => Math.max(1, Math.round(length * scale)));
  const pixels = resample(data, width, height, 3, w, h);
  return { width: w, height: h, data: Uint8Array.from(pixels, Math.round) };
}

/** A picture as it is. */
export function photograph({ width, height, data }: RgbImage): Picture {
  const rgba = new Uint8Array(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) for (let c = 0; c < 3; c++) rgba[4 * i + c] = data[3 * i + c];
  const { data: bytes } = encode({ width, height, data: rgba }, QUALITY);
  return { source: dataAddress('jpeg', bytes), width, height };
}

/**
 * The picture of a file, no longer than `side`.
 * @throws ImageError as `readImage`.
 */
export async function thumbnail(path: string, side: number): Promise<Picture> {
  const picture = await readImage(path);
  return photograph(Math.max(picture.width, picture.height) > side ? fitted(picture, side) : picture);
}
