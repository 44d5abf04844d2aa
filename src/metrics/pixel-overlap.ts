import { checkThreshold } from './inputs.ts';
import { checkMaps, type Maps, type Masks } from './pixel-inputs.ts';

/**
 * The pointing game: the share of the images with a defect in which the map's highest pixel lies within the mask. Where several
 * pixels share the maximum, the image counts by the part of them that does, so that a map of one value gains no more than chance.
 * Source: J. Zhang et al., Top-down neural attention by excitation backprop, ECCV 2016 (there with a margin of 15 pixels; here
 * with none).
 * @returns NaN if no mask has a defective pixel.
 * @throws RangeError on no maps, unequal numbers or sizes, masks other than 0 and 1, or NaN.
 */
export function pointingGame(maps: Maps, masks: Masks): number {
  checkMaps('pointingGame', maps, masks);
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
      within += mask[p];
    }
    hits += within / all;
    images++;
  }
  return hits / images;
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
