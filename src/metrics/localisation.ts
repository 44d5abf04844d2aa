import { checkMaps, type Maps, type Masks } from './pixel-inputs.ts';
import { iou, pointingGame } from './pixel-overlap.ts';
import { aurocAgainst, normalPixels, PRO_LIMIT, proAgainst } from './pixel-ranking.ts';

/** How well maps show where the defects are; each is NaN exactly where its own function says so. */
export interface Localisation {
  readonly pixelAuroc: number;
  readonly pro: number;
  readonly pointingGame: number;
  readonly iou: number;
  /** From which score on a pixel counts as called defective in `iou`. */
  readonly threshold: number;
}

/**
 * All localisation metrics at once, by one sort of the pixels.
 * @param width of a row of the images.
 * @throws RangeError on no maps, unequal numbers or sizes, masks other than 0 and 1, or NaN.
 */
export function localisation(maps: Maps, masks: Masks, width: number, threshold: number): Localisation {
  checkMaps('localisation', maps, masks, width);
  const normals = normalPixels(maps, masks);
  return {
    pixelAuroc: aurocAgainst(normals, maps, masks),
    pro: proAgainst(normals, maps, masks, width, PRO_LIMIT),
    pointingGame: pointingGame(maps, masks),
    iou: iou(maps, masks, threshold),
    threshold,
  };
}
