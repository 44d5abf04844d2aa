import type { RgbImage } from '../data/index.ts';
import { imageOf, type TaskImages } from '../medetection/index.ts';
import type { BestReference } from './best-reference.ts';
import { encodePng, enlarged, heatMap, normaliseMap, overlay, pictureOf, sideBySide } from './pictures.ts';

/** Pictures are enlarged by whole factors until they have about this side, so that 64 pixels can be seen. */
const SIDE = 256;

/** The PNG file of pictures [size, size] side by side, enlarged to be seen. */
export function rowPng(pictures: readonly RgbImage[], size: number): Uint8Array {
  const factor = Math.max(1, Math.round(SIDE / size));
  return encodePng(sideBySide(pictures.map((p) => enlarged(p, factor))));
}

/** What a panel shows, from left to right. */
export interface Panel {
  /** Bytes [3, size, size]: the image, and the defect-free reference that it is compared with. */
  readonly image: Uint8Array;
  readonly reference: Uint8Array;
  /** Maps in [0, 1], of any side: where the two differ, and where the score comes from. */
  readonly difference: Float32Array;
  readonly map: Float32Array;
  /** Where the defect is, if it is known: [size, size] of 0 and 1. It is shown last. */
  readonly mask?: Uint8Array;
}

/** The panel of an image of a task, with the reference that matches it best and a map in [0, 1]. */
export const panelOf = (task: TaskImages, image: number, best: BestReference, map: Float32Array): Panel => ({
  image: imageOf(task, image),
  reference: best.image,
  difference: normaliseMap(best.difference),
  map,
});

/** The PNG file of image | reference | difference | overlay | mask, side by side and enlarged to be seen. */
export function panelPng({ image, reference, difference, map, mask }: Panel, size: number): Uint8Array {
  const picture = pictureOf(image, size);
  const shown = [
    picture,
    pictureOf(reference, size),
    heatMap(difference, size, size),
    overlay(picture, map),
    ...(mask ? [heatMap(Float32Array.from(mask), size, size)] : []),
  ];
  return rowPng(shown, size);
}
