import * as ops from '../../ops/index.ts';
import { apart, type Case, certifies, spread } from '../case.ts';

type PerAxis = ops.PerAxis;
type Window = [x: number[], kernel: PerAxis, stride: PerAxis, padding: PerAxis];

const windows: Window[] = [
  [[2, 3, 4, 6], 2, 2, 0],
  [[2, 3, 6, 8], 2, 2, 0], // Whole vectors of four have kernels of their own.
  [[1, 2, 7, 12], 2, 2, 0],
  [[1, 2, 5, 7], 2, 2, 0],
  [[1, 2, 6, 5], 2, 1, 0],
  [[1, 2, 5, 6], 2, 2, 1],
  [[2, 2, 6, 5], 3, 1, 1],
  [[2, 2, 7, 9], 3, 2, 1],
  [[1, 2, 8, 8], 2, 3, 0],
  [[1, 2, 9, 7], 4, 3, 2],
  [[1, 2, 7, 10], 5, 2, 2],
  [[1, 1, 11, 9], 7, 3, 3],
  [[3, 1, 1, 1], 1, 1, 0],
  // Axes that differ.
  [
    [2, 2, 7, 9],
    [3, 2],
    [2, 1],
    [1, 0],
  ],
  [
    [1, 2, 5, 11],
    [1, 4],
    [1, 3],
    [0, 2],
  ],
  [[1, 2, 6, 8], 2, [2, 1], 0],
];

const says = ([, kernel, stride, padding]: Window): string =>
  Object.entries({ kernel, stride, padding })
    .map(([name, size]) => `${name} ${JSON.stringify(size)}`)
    .join(', ');

const average: Window[] = [
  [[2, 3, 4, 6], 2, 2, 0],
  [[2, 2, 5, 6], 3, 2, 1],
  [[1, 3, 7, 5], 4, 1, 2],
  [
    [2, 1, 7, 8],
    [3, 2],
    [1, 2],
    [1, 0],
  ],
];

const pyramid = (shape: number[], levels: number[]): Case =>
  certifies(
    'spatialPyramidPool',
    [apart(...shape)],
    (x) => ops.spatialPyramidPool(x, levels),
    `levels ${levels.join(',')}`,
  );

const resize = (shape: number[], size: [number, number]): Case =>
  certifies(
    'upsampleNearest',
    [spread(...shape)],
    (x) => ops.upsampleNearest(x, size),
    `to ${size.join('x')}`,
  );

export const pool: readonly Case[] = [
  ...windows.flatMap((w) => {
    const [x, kernel, stride, padding] = w;
    return [
      certifies('maxPool2d', [apart(...x)], (t) => ops.maxPool2d(t, kernel, { stride, padding }), says(w)),
      certifies(
        'maxPool2dWithCodes',
        [apart(...x)],
        (t) => Object.values(ops.maxPool2dWithCodes(t, kernel, { stride, padding })),
        says(w),
      ),
    ];
  }),
  ...average.map((w) => {
    const [x, kernel, stride, padding] = w;
    return certifies(
      'avgPool2d',
      [spread(...x)],
      (t) => ops.avgPool2d(t, kernel, { stride, padding }),
      says(w),
    );
  }),
  pyramid([2, 2, 8, 8], [4, 2, 1]),
  pyramid([1, 3, 7, 7], [3, 2]),
  pyramid([2, 1, 5, 5], [5, 1]),
  pyramid([2, 2, 7, 12], [4, 2, 1]),
  pyramid([1, 2, 13, 5], [3, 1]),
  resize([2, 2, 3, 2], [6, 6]),
  resize([1, 2, 3, 5], [7, 8]),
  resize([1, 3, 1, 1], [3, 5]),
  resize([2, 1, 4, 4], [16, 8]),
  resize([1, 2, 7, 8], [3, 4]),
  resize([2, 1, 5, 4], [3, 9]),
];
