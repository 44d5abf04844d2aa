import * as ops from '../../ops/index.ts';
import { type Case, certifies, spread } from '../case.ts';

type PerAxis = ops.PerAxis;

const conv = (x: number[], w: number[], stride: PerAxis = 1, padding: PerAxis = 0): Case =>
  certifies(
    'conv2d',
    [spread(...x), spread(...w), spread(w[0])],
    (image, weight, bias) => ops.conv2d(image, weight, { stride, padding, bias }),
    `stride ${JSON.stringify(stride)}, padding ${JSON.stringify(padding)}`,
  );

export const conv2d: readonly Case[] = [
  conv([2, 3, 4, 5], [2, 3, 1, 1]),
  conv([2, 3, 5, 4], [2, 3, 1, 1], 2),
  conv([1, 2, 6, 5], [3, 2, 2, 2]),
  conv([1, 2, 8, 9], [2, 2, 2, 2], 3),
  conv([2, 3, 6, 7], [5, 3, 3, 3], 1, 1),
  conv([1, 2, 7, 5], [2, 2, 3, 3], 1, 2),
  conv([2, 2, 8, 7], [3, 2, 3, 3], 2),
  conv([2, 2, 10, 7], [3, 2, 3, 3], 3, 1),
  conv([2, 2, 8, 6], [3, 2, 4, 4], 2, 1),
  conv([1, 2, 5, 9], [2, 2, 4, 4], 1, 2),
  conv([1, 2, 7, 9], [3, 2, 5, 5], 1, 2),
  conv([1, 2, 9, 11], [2, 2, 5, 5], 3, 1),
  conv([1, 2, 8, 9], [2, 2, 7, 7], 1, 3),
  conv([1, 2, 11, 9], [2, 2, 7, 7], 3, 3),
  conv([3, 1, 4, 5], [2, 1, 2, 3], 1, 1),
  conv([1, 2, 9, 3], [2, 2, 5, 1], 2, 2),
  conv([2, 3, 4, 5], [2, 3, 4, 5]),
  conv([3, 2, 1, 1], [2, 2, 3, 3], 1, 1),
  // Axes that differ.
  conv([2, 2, 6, 7], [3, 2, 3, 3], [1, 2], [1, 1]),
  conv([1, 2, 5, 8], [2, 2, 3, 2], 1, [2, 0]),
  conv([1, 2, 9, 12], [2, 2, 3, 3], [2, 4], [0, 1]),
  // The tiles of the fast kernels and their edges: more channels and pixels than one holds, whole vectors and not.
  conv([1, 9, 12, 13], [11, 9, 3, 3], 1, 1),
  conv([2, 8, 9, 12], [12, 8, 3, 3], 1, 1),
  conv([2, 5, 7, 32], [9, 5, 3, 3], 1, 1),
  conv([1, 9, 10, 9], [17, 9, 2, 2], 1, 1),
];
