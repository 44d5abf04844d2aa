import { checkWidth } from './pixel-inputs.ts';

/**
 * The connected regions of a mask: pixels that are 1 and touch by a side or a corner (8-connected, as the regions of the
 * PRO metric are). Filled one after another from their first pixel.
 * @param width of a row; the mask has whole rows.
 * @returns the pixels' indices by region, each region a list, in the order of their first pixels.
 * @throws RangeError unless the mask consists of whole rows.
 */
export function connectedComponents(mask: Uint8Array, width: number): Uint32Array[] {
  checkWidth('connectedComponents', mask, width);
  const left = mask.slice();
  // Every pixel enters the queue once, so that a region is a stretch of it.
  const queue = new Uint32Array(mask.length);
  const regions: Uint32Array[] = [];
  let end = 0;
  const enqueue = (pixel: number) => {
    left[pixel] = 0;
    queue[end++] = pixel;
  };
  for (let first = left.indexOf(1); first >= 0; first = left.indexOf(1, first)) {
    const start = end;
    enqueue(first);
    for (let at = start; at < end; at++) {
      const pixel = queue[at];
      const column = pixel % width;
      const [from, to] = [Math.max(column - 1, 0) - column, Math.min(column + 1, width - 1) - column];
      for (let row = pixel - width; row <= pixel + width; row += width)
        for (let neighbour = row + from; neighbour <= row + to; neighbour++)
          if (left[neighbour] === 1) enqueue(neighbour);
    }
    regions.push(queue.slice(start, end));
  }
  return regions;
}
