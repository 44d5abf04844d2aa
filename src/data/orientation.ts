import type { RgbImage } from './pixels.ts';

/** EXIF tag 0x0112. */
const orientationTag = 0x0112;

/** Where the first directory of a TIFF structure states the orientation, or undefined if nowhere. */
const findEntry = (view: DataView): { readonly entry: number; readonly little: boolean } | undefined => {
  if (view.byteLength < 8) return undefined;
  const little = view.getUint16(0) === 0x4949;
  if (!little && view.getUint16(0) !== 0x4d4d) return undefined;
  const directory = view.getUint32(4, little);
  if (directory + 2 > view.byteLength) return undefined;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > view.byteLength) return undefined;
    if (view.getUint16(entry, little) === orientationTag) return { entry, little };
  }
  return undefined;
};

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * The orientation (1 to 8) that an EXIF block states, or 1. A damaged block counts as one that states none,
 * as viewers do: the picture itself is whole.
 * @param exif the TIFF structure, from its byte order mark on (after `Exif\0\0`); a TIFF file is one as it stands.
 */
export const exifOrientation = (exif: Uint8Array): number => {
  const view = viewOf(exif);
  const found = findEntry(view);
  if (!found) return 1;
  const value = view.getUint16(found.entry + 8, found.little);
  return value >= 1 && value <= 8 ? value : 1;
};

/** A TIFF structure that states no orientation but the upright one: the bytes themselves, or else a copy. */
export const statedUpright = (bytes: Uint8Array): Uint8Array => {
  const found = findEntry(viewOf(bytes));
  if (!found) return bytes;
  const copy = bytes.slice();
  const view = viewOf(copy);
  const { entry, little } = found;
  view.setUint16(entry + 2, 3, little); // one SHORT, of value 1
  view.setUint32(entry + 4, 1, little);
  view.setUint16(entry + 8, 1, little);
  return copy;
};

/**
 * Where the pixel (x, y) of the upright picture lies in the stored one, as `x0 + xx x + xy y` and
 * `y0 + yx x + yy y`; a start of -1 means the last column or row of the stored picture.
 */
interface Walk {
  readonly x0: 0 | -1;
  readonly xx: number;
  readonly xy: number;
  readonly y0: 0 | -1;
  readonly yx: number;
  readonly yy: number;
}

/** EXIF 2.3, 4.6.4 A, Orientation 2 to 8. */
const walks: Readonly<Record<number, Walk>> = {
  2: { x0: -1, xx: -1, xy: 0, y0: 0, yx: 0, yy: 1 }, // mirrored
  3: { x0: -1, xx: -1, xy: 0, y0: -1, yx: 0, yy: -1 }, // turned by 180 degrees
  4: { x0: 0, xx: 1, xy: 0, y0: -1, yx: 0, yy: -1 }, // upside down mirrored
  5: { x0: 0, xx: 0, xy: 1, y0: 0, yx: 1, yy: 0 }, // transposed
  6: { x0: 0, xx: 0, xy: 1, y0: -1, yx: -1, yy: 0 }, // to be turned clockwise
  7: { x0: -1, xx: 0, xy: -1, y0: -1, yx: -1, yy: 0 }, // transposed about the other diagonal
  8: { x0: -1, xx: 0, xy: -1, y0: 0, yx: 1, yy: 0 }, // to be turned anticlockwise
};

/** The upright picture from the stored one and its EXIF orientation (1 to 8). */
export const applyOrientation = (image: RgbImage, orientation: number): RgbImage => {
  const walk = walks[orientation];
  if (!walk) return image;
  const turned = walk.xx === 0;
  const width = turned ? image.height : image.width;
  const height = turned ? image.width : image.height;
  const data = new Uint8Array(image.data.length);
  const startX = walk.x0 && image.width - 1;
  const startY = walk.y0 && image.height - 1;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      const column = startX + walk.xx * x + walk.xy * y;
      const row = startY + walk.yx * x + walk.yy * y;
      const from = (row * image.width + column) * 3;
      data[to] = image.data[from];
      data[to + 1] = image.data[from + 1];
      data[to + 2] = image.data[from + 2];
    }
  }
  return { width, height, data };
};
