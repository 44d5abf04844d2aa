import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readImage } from '../../data/index.ts';

/** Side of an image in pixels. */
export const SIDE = 28;
/** People who drew every character. */
export const DRAWERS = 20;
/** The two folders of the published data set; which of them a character is in does not matter here. */
const FOLDERS = ['images_background', 'images_evaluation'];

/** The handwritten characters of Omniglot (Lake et al. 2015). */
export interface Characters {
  readonly count: number;
  /** The image of a character by a drawer, row by row: ink is 1, paper 0. */
  readonly image: (character: number, drawer: number) => Float32Array;
}

/** The pixels of a cell of a sheet of grey values. */
function cut(sheet: Uint8Array, row: number, column: number): Float32Array {
  const pixels = new Float32Array(SIDE * SIDE);
  for (let i = 0; i < pixels.length; i++) {
    const [y, x] = [row * SIDE + Math.floor(i / SIDE), column * SIDE + (i % SIDE)];
    pixels[i] = 1 - sheet[y * DRAWERS * SIDE + x] / 255;
  }
  return pixels;
}

/** The characters of sheets of grey values: a row per character, a column per drawer, cells of SIDE x SIDE. */
export function cutSheets(sheets: readonly Uint8Array[]): Characters {
  const images = sheets.flatMap((sheet) =>
    Array.from({ length: sheet.length / (SIDE * SIDE) }, (_, cell) =>
      cut(sheet, Math.floor(cell / DRAWERS), cell % DRAWERS),
    ),
  );
  return {
    count: images.length / DRAWERS,
    image: (character, drawer) => images[character * DRAWERS + drawer],
  };
}

/**
 * Reads Omniglot from one PNG sheet per alphabet in `images_background` and `images_evaluation`: a row per character, a
 * column per drawer, cells of 28 x 28 pixels. Characters are numbered in the order of the sheets' names.
 * @throws naming the folder or the sheet that is missing or of another size.
 */
export async function readOmniglot(folder: string): Promise<Characters> {
  const sheets: Uint8Array[] = [];
  for (const part of FOLDERS) {
    const path = join(folder, part);
    const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
      throw new Error(
        `omniglot: ${path} cannot be read (${error.code}); it should hold a PNG sheet per alphabet, a row per character and a column per drawer`,
      );
    });
    for (const name of names.filter((n) => n.endsWith('.png')).sort()) {
      const { width, height, data } = await readImage(join(path, name));
      if (width !== DRAWERS * SIDE || height % SIDE !== 0)
        throw new Error(
          `omniglot: ${join(path, name)}: ${width} x ${height} pixels; a sheet has ${DRAWERS} columns and its rows of cells of ${SIDE} x ${SIDE}`,
        );
      sheets.push(data.filter((_, i) => i % 3 === 0));
    }
  }
  return cutSheets(sheets);
}

/** An image turned by a number of quarters of a circle, anticlockwise. */
export function turn(image: Float32Array, quarters: number): Float32Array {
  const last = SIDE - 1;
  const from: Record<number, (y: number, x: number) => number> = {
    0: (y, x) => y * SIDE + x,
    1: (y, x) => x * SIDE + last - y,
    2: (y, x) => (last - y) * SIDE + last - x,
    3: (y, x) => (last - x) * SIDE + y,
  };
  return image.map((_, i) => image[from[quarters](Math.floor(i / SIDE), i % SIDE)]);
}
