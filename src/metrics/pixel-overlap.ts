import { checkThreshold } from './inputs.ts';
import { checkMaps, type Maps, type Masks } from './pixel-inputs.ts';

/** How far beside a mask a pixel may lie, in pixels, in images of this width. */
export interface Margin {
  readonly pixels: number;
  readonly width: number;
}

/**
 * The pointing game: the share of the images with a defect in which the map's highest pixel lies within the mask, or no further from it
 * than a margin. Where several pixels share the maximum, the image counts by the part of them that does, so that a map of one value
 * gains no more than chance.
 * Source: J. Zhang et al., Top-down neural attention by excitation backprop, ECCV 2016, where the margin is 15 pixels.
 * @param margin default: none.
 * @returns NaN if no mask has a defective pixel.
 * @throws RangeError on no maps, unequal numbers or sizes, masks other than 0 and 1, or NaN.
 */
export function pointingGame(maps: Maps, masks: Masks, margin?: Margin): number {
  checkMaps('pointingGame', maps, masks, margin?.width);
  let hits = 0;
  let images = 0;
  for (const [i, map] of maps.entries()) {
    if (!masks[i].includes(1)) continue;
    const mask = margin === undefined ? masks[i] : widened(masks[i], margin);
    const highest = map.reduce((max, value) => Math.max(max, value));
    let [within, all] = [0, 0];
    for (let p = 0; p < map.length; p++) {
      if (map[p] !== highest) continue;
      all++;
      within += mask[p];
    }
    hits += within / all;
    images++;
  }
  return hits / images;
}

/** A mask with all pixels that are no further from it than a margin. */
function widened(mask: Uint8Array, { pixels, width }: Margin): Uint8Array {
  const wide = new Uint8Array(mask.length);
  const height = mask.length / width;
  const reach = Math.floor(pixels);
  for (let p = 0; p < mask.length; p++) {
    if (mask[p] === 0) continue;
    const [x, y] = [p % width, Math.floor(p / width)];
    for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++) {
      const across = Math.floor(Math.sqrt(pixels ** 2 - (v - y) ** 2));
      const from = v * width + Math.max(0, x - across);
      wide.fill(1, from, v * width + Math.min(width - 1, x + across) + 1);
    }
  }
  return wide;
}

/**
 * Intersection over union (the Jaccard index) of the pixels `score >= threshold` and the masks, over the pixels of all images together.
 * @returns NaN if no pixel is defective and none was called so.
 * @throws RangeError on no maps, unequal numbers or sizes, masks other than 0 and 1, or NaN.
 */
export function iou(maps: Maps, masks: Masks, threshold: number): number {
  checkThreshold('iou', threshold);
  checkMaps('iou', maps, masks);
  let intersection = 0;
  let union = 0;
  for (const [i, map] of maps.entries()) {
    const mask = masks[i];
    for (let p = 0; p < map.length; p++) {
      const called = map[p] >= threshold;
      if (called && mask[p] === 1) intersection++;
      if (called || mask[p] === 1) union++;
    }
  }
  return intersection / union;
}
