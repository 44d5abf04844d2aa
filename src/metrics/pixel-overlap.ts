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
    const mask = masks[i];
    if (!mask.includes(1)) continue;
    const highest = map.reduce((max, value) => Math.max(max, value));
    let [within, all] = [0, 0];
    for (let p = 0; p < map.length; p++) {
      if (map[p] !== highest) continue;
      all++;
      if (mask[p] === 1 || (margin !== undefined && liesNear(mask, p, margin))) within++;
    }
    hits += within / all;
    images++;
  }
  return hits / images;
}

/** Whether some pixel of a mask lies within the margin of pixel `p`. */
function liesNear(mask: Uint8Array, p: number, { pixels, width }: Margin): boolean {
  const [x, y] = [p % width, Math.floor(p / width)];
  return mask.some(
    (value, q) => value === 1 && Math.hypot((q % width) - x, Math.floor(q / width) - y) <= pixels,
  );
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
