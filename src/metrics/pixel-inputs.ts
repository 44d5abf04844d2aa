/** One map per image: a score per pixel, row by row; larger means more surely defective. */
export type Maps = readonly Float32Array[];
/** One ground-truth mask per image, of its map's size: 1 is a defective pixel, 0 a normal one. A normal image's is all 0. */
export type Masks = readonly Uint8Array[];

/**
 * Refuses maps and masks on which a metric would be silently wrong.
 * @param width of every image, where rows matter.
 * @throws RangeError if there is no map, there are not as many masks, sizes differ or are no whole rows, a mask's value is not 0 or
 * 1, or a map's is NaN.
 */
export function checkMaps(caller: string, maps: Maps, masks: Masks, width?: number): void {
  if (maps.length === 0) throw new RangeError(`${caller}: no maps: give at least one map and its mask`);
  if (maps.length !== masks.length)
    throw new RangeError(`${caller}: ${maps.length} maps but ${masks.length} masks: give one mask per map`);
  for (const [i, map] of maps.entries()) {
    const mask = masks[i];
    if (map.length === 0 || map.length !== mask.length)
      throw new RangeError(`${caller}: map ${i} has ${map.length} pixels but its mask ${mask.length}`);
    if (width !== undefined) checkWidth(caller, mask, width);
    for (let p = 0; p < map.length; p++) {
      if (mask[p] > 1)
        throw new RangeError(
          `${caller}: mask ${i} has the value ${mask[p]} at pixel ${p}: masks are 0 (normal) or 1 (defective)`,
        );
      if (Number.isNaN(map[p]))
        throw new RangeError(`${caller}: map ${i} is NaN at pixel ${p}, which cannot be ranked`);
    }
  }
}

/** @throws RangeError unless the mask consists of whole rows of this width. */
export function checkWidth(caller: string, mask: Uint8Array, width: number): void {
  if (!Number.isSafeInteger(width) || width < 1 || mask.length % width !== 0)
    throw new RangeError(`${caller}: ${mask.length} pixels are no whole rows of width ${width}`);
}
