import * as ops from '../../ops/index.ts';
import { apart, type Case, certifies, integers, spread } from '../case.ts';

/* Along rows, along columns, over axes that lie apart, over more than one workgroup holds. */

const shapes: [shape: number[], axes: number | number[] | undefined][] = [
  [
    [2, 3, 4],
    [0, -1],
  ],
  [[2, 3, 4], 1],
  [[5, 1, 3], 1],
  [[2, 30], undefined],
  [[3000], 0],
  [[3, 1001], -1],
  [[1001, 3], 0],
  [
    [2, 700, 5],
    [0, 1],
  ],
  [[20000], undefined],
];

const over = (axes: number | number[] | undefined): string =>
  axes === undefined ? 'over all' : `over ${[axes].flat().join(',')}`;

export const reductions: readonly Case[] = [
  ...shapes.flatMap(([shape, axes]) => [
    certifies('sum', [spread(...shape)], (x) => ops.sum(x, axes), over(axes)),
    certifies('mean', [spread(...shape)], (x) => ops.mean(x, axes), over(axes)),
    certifies('max', [apart(...shape)], (x) => ops.max(x, axes), over(axes)),
  ]),
  certifies('mean', [spread(2, 3, 4)], (x) => ops.mean(x, 1, { keepDims: true }), 'over 1, kept'),
  certifies('max', [apart(2, 3, 4)], (x) => ops.max(x, [0, 2], { keepDims: true }), 'over 0,2, kept'),
  certifies('sum', [integers(99)(3, 70)], (x) => ops.sum(x, 1), 'over 1'),
  certifies('max', [integers(99)(3, 70)], (x) => ops.max(x, 1), 'over 1'),
];
