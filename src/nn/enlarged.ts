import { showShape, type Tensor } from '../graph/index.ts';
import { type ConvParams, concat, pad, upsampleNearest } from '../ops/index.ts';
import { conv } from './layers.ts';

/**
 * From the columns of y [N,C,H, 3 cells - 2], of which each cell has one per way that a window of three meets its edges
 * (inside, one beyond, two beyond), those of cells of `factor` pixels, [N,C,H, factor cells - 2]: a cell of that width has
 * factor - 2 windows inside it, all alike.
 */
function widenCells(y: Tensor, cells: number, factor: number): Tensor {
  const [n, c, h] = y.shape;
  const columns = pad(y, [0, 0, 0, 0], [0, 0, 0, 2]).reshape([n, c, h, cells, 3]);
  const inside = columns.slice([], [n, c, h, cells, 1]).broadcastTo([n, c, h, cells, factor - 2]);
  const widened = concat([inside, columns.slice([0, 0, 0, 0, 1])], 4);
  return widened.reshape([n, c, h, cells * factor]).slice([], [n, c, h, cells * factor - 2]);
}

/**
 * The unpadded 3x3 convolution of x [N,C,H,W] resized to `size` x `size` by nearest neighbours: [N,O,size-2,size-2].
 * Where x is square and `size` a multiple of its side, three times or more: enlarged three times, x has every window that it has
 * at a greater size, so only that map is convolved and its outputs are repeated, the same numbers without the memory for the
 * enlarged map.
 * @throws unless the kernel is 3x3.
 */
export function convEnlarged(x: Tensor, params: ConvParams, size: number): Tensor {
  const [, , cells, width] = x.shape;
  const [, , ...kernel] = params.weight.shape;
  const factor = size / cells;
  if (kernel.some((k) => k !== 3))
    throw new Error(`convEnlarged: needs a 3x3 kernel, got a weight ${showShape(params.weight.shape)}`);
  if (width !== cells || !Number.isInteger(factor) || factor < 3)
    return conv(upsampleNearest(x, [size, size]), params);
  const y = conv(upsampleNearest(x, [3 * cells, 3 * cells]), params);
  return widenCells(widenCells(y, cells, factor).transpose(), cells, factor).transpose();
}
