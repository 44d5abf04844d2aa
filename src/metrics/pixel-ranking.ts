import { connectedComponents } from './components.ts';
import { checkMaps, type Maps, type Masks } from './pixel-inputs.ts';

/** Up to which false positive rate the overlap is integrated, by MVTec AD's definition. */
const PRO_LIMIT = 0.3;

/**
 * Pixel AUROC: the probability that a pixel within a mask scores above one outside of all masks, over the pixels of all images
 * together, a tie counting one half. Exact: one sort.
 * @returns NaN if all pixels are of one class.
 * @throws RangeError on no maps, unequal numbers or sizes, masks other than 0 and 1, or NaN.
 */
export function pixelAuroc(maps: Maps, masks: Masks): number {
  checkMaps('pixelAuroc', maps, masks);
  const normals = normalPixels(maps, masks);
  let area = 0;
  let count = 0;
  for (const [i, map] of maps.entries()) {
    const mask = masks[i];
    for (let p = 0; p < map.length; p++) {
      if (mask[p] === 0) continue;
      area += areaOf(normals, map[p], 1);
      count++;
    }
  }
  return area / count;
}

/**
 * Per-region overlap (PRO): the share of a defect region's pixels that reach the threshold, averaged over all regions of all
 * masks, each counting the same whatever its size; as a function of the false positive rate among the pixels outside of all
 * masks, integrated from 0 to `limit` by trapezoids and divided by `limit`, so that 1 is perfect. Exact, ties included.
 * Sources: P. Bergmann et al., Uninformed students, CVPR 2020, and The MVTec anomaly detection dataset, IJCV 129 (2021);
 * anomalib's AUPRO is the same.
 * @param width of a row of the images; regions are 8-connected.
 * @returns NaN if no pixel is defective or none normal.
 * @throws RangeError on a limit outside of (0, 1], no maps, unequal numbers or sizes, masks other than 0 and 1, or NaN.
 */
export function pro(maps: Maps, masks: Masks, width: number, limit = PRO_LIMIT): number {
  if (!(limit > 0 && limit <= 1))
    throw new RangeError(`pro: the limit ${limit} of the false positive rate must be above 0 and at most 1`);
  checkMaps('pro', maps, masks, width);
  const normals = normalPixels(maps, masks);
  // The curve is a mean over regions of means over their pixels, so its area is that mean of the areas that single pixels add.
  let sum = 0;
  let count = 0;
  for (const [i, map] of maps.entries()) {
    for (const region of connectedComponents(masks[i], width)) {
      let area = 0;
      for (const p of region) area += areaOf(normals, map[p], limit);
      sum += area / region.length;
      count++;
    }
  }
  return sum / count / limit;
}

/** The scores of the pixels outside of all masks, rising. */
function normalPixels(maps: Maps, masks: Masks): Float32Array {
  const scores = new Float32Array(maps.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const [i, map] of maps.entries()) {
    const mask = masks[i];
    for (let p = 0; p < map.length; p++) if (mask[p] === 0) scores[end++] = map[p];
  }
  return scores.subarray(0, end).sort();
}

/**
 * The area that one defective pixel adds under a curve of overlap against the false positive rate, up to `limit`. As the threshold
 * falls to the pixel's score the overlap goes from 0 to 1, in a slope while the normal pixels of the same score are called too.
 */
function areaOf(normals: Float32Array, score: number, limit: number): number {
  const n = normals.length;
  const start = (n - countWhere(normals, (normal) => normal <= score)) / n;
  if (start >= limit) return 0;
  const end = (n - countWhere(normals, (normal) => normal < score)) / n;
  return end <= limit ? limit - (start + end) / 2 : (limit - start) ** 2 / (2 * (end - start));
}

/** How many of some sorted values, the first ones, satisfy a condition: by bisection. */
function countWhere(sorted: Float32Array, satisfies: (value: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (satisfies(sorted[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}
