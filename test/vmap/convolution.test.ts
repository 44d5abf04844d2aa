import { suite } from 'uvu';
import { defaultDevice } from '../../src/device/index.ts';
import type { Tensor } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import { checkBatched } from '../support/batched.ts';
import { leaf } from '../support/leaves.ts';
import { posing } from '../support/tiled.ts';

/*
 * Convolution with a weight per task, or a weight that tasks share, and its derivatives, against one task after another: the
 * kernels for processors, those for all adapters and those for GPUs.
 */
const test = suite('batched convolution');
const device = await defaultDevice();
const tasks = (...shape: number[]): Tensor => leaf(3, ...shape);

/** Two images of a task do not fill the lanes, seven do and go on in the next subgroup. */
const convolutions: [name: string, images: number[], weights: number[], options: ops.Conv2dOptions][] = [
  ['3x3, rows of whole vectors', [2, 3, 4, 8], [5, 3, 3, 3], { padding: 1 }],
  ['3x3, odd rows', [7, 2, 3, 5], [9, 2, 3, 3], { padding: 1 }],
  ['3x3, unpadded', [2, 2, 5, 4], [2, 2, 3, 3], {}],
  ['1x1', [3, 4, 1, 1], [4, 4, 1, 1], {}],
  ['by steps', [2, 3, 6, 5], [4, 3, 3, 3], { padding: 1, stride: 2 }],
];
for (const [name, x, w, options] of convolutions)
  test(`conv2d ${name}`, () =>
    checkBatched(
      [tasks(...x), tasks(...w), tasks(w[0])],
      (x, weight, bias) => ops.square(ops.conv2d(x, weight, { ...options, bias })),
      device,
      {
        capabilities: [{}, { family: 'simd', subgroups: false }, posing],
      },
    ));

test.run();
