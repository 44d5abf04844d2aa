import { suite } from 'uvu';
import { defaultDevice } from '../../src/device/index.ts';
import { iota, type Tensor } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import { checkBatched } from '../support/batched.ts';
import { leaf } from '../support/leaves.ts';

/*
 * Every op that has a batch rule of its own, and every kind of op that has none: over three tasks at once, whichever inputs
 * they share, against one task after another. Each build is nonlinear in what it tests, so that second derivatives say something.
 */
const test = suite('batched ops');
const device = await defaultDevice();

const T = 3;
const tasks = (...shape: number[]): Tensor => leaf(T, ...shape);
const integers = (...shape: number[]) => ops.toInt(ops.mul(tasks(...shape), 3));

type Case = [name: string, leaves: Tensor[], build: (...leaves: Tensor[]) => Tensor, order?: number];

const generic: Case[] = [
  [
    'elementwise, broadcast',
    [tasks(3, 5), tasks(5)],
    (a, b) => ops.mul(ops.tanh(ops.sub(a, b)), ops.mul(a, 2)),
  ],
  [
    'where, of integers',
    [integers(3, 5), tasks(3, 5)],
    (m, a) => ops.where(ops.greater(m, 0), ops.square(a), a),
  ],
  ['reshape', [tasks(4, 6)], (a) => ops.square(ops.reshape(a, [3, -1]))],
  [
    'permute',
    [tasks(2, 3, 4)],
    (a) => ops.mul(ops.permute(a, [2, 0, 1]), ops.square(ops.reshape(a, [4, 2, 3]))),
  ],
  ['flip', [tasks(3, 4)], (a) => ops.mul(a, ops.square(ops.flip(a, [0, -1])))],
  [
    'slice',
    [tasks(5, 6)],
    (a) => ops.mul(ops.slice(a, [1, 2], [4, -1]), ops.square(ops.slice(a, [-3], [5, 3]))),
  ],
  ['pad', [tasks(2, 3)], (a) => ops.mul(ops.pad(a, [1, 0], [0, 2]), ops.square(ops.pad(a, [0, 2], [1, 0])))],
  ['broadcastTo', [tasks(3, 1)], (a) => ops.square(ops.broadcastTo(a, [2, 3, 4]))],
  ['concat', [tasks(2, 3), tasks(1, 3)], (a, b) => ops.square(ops.concat([a, b, ops.square(a)], 0))],
  [
    'sum and mean',
    [tasks(2, 3, 4)],
    (a) => ops.mul(ops.square(ops.sum(a, [0, -1])), ops.mean(ops.square(a))),
  ],
  ['max', [tasks(2, 3, 4)], (a) => ops.square(ops.max(ops.mul(a, a), [0, 2]))],
  ['stopGradient', [tasks(3, 5)], (a) => ops.mul(ops.square(a), ops.stopGradient(ops.square(a)))],
  ['constants and iota', [tasks(4)], (a) => ops.mul(ops.square(a), ops.toFloat(iota([3, 4], 0)))],
  ['a scalar of each task', [tasks(), tasks(2)], (a, b) => ops.mul(ops.square(a), ops.mul(b, b))],
  ['bce', [tasks(7), tasks(7)], (z, t) => ops.bceWithLogits(z, ops.sigmoid(t))],
  ['cross-entropy', [tasks(4, 3), ops.clamp(integers(4), 0, 2)], (z, y) => ops.crossEntropy(z, y)],
];

const cube = (y: Tensor) => ops.mul(y, ops.square(y));
const product =
  (transposeA = false, transposeB = false) =>
  (a: Tensor, b: Tensor) =>
    ops.square(ops.matmul(a, b, { transposeA, transposeB }));

const matmuls: Case[] = [
  ['a b', [tasks(5, 8), tasks(8, 12)], product()],
  ["a' b", [tasks(8, 12), tasks(8, 4)], product(true)],
  ["a b'", [tasks(9, 4), tasks(5, 4)], product(false, true)],
  ["a' b'", [tasks(4, 3), tasks(5, 4)], product(true, true)],
  ['stacks', [tasks(2, 3, 4), tasks(2, 4, 5)], product()],
  ['a stack and one matrix', [tasks(2, 3, 4), tasks(4, 5)], product()],
  ['one matrix and a stack', [tasks(3, 4), tasks(2, 4, 5)], product()],
  ['a vector as a row', [tasks(1, 4), tasks(4, 1)], product()],
].map(([name, leaves, build]) => [`matmul ${name}`, leaves, build] as Case);

const images: Case[] = [
  ['max pooling', [tasks(2, 3, 4, 8)], (x) => cube(ops.maxPool2d(x, 2))],
  [
    'max pooling, overlapping',
    [tasks(2, 2, 5, 6)],
    (x) => cube(ops.maxPool2d(x, 3, { stride: 2, padding: 1 })),
  ],
  ['codes', [tasks(2, 2, 4, 6)], (x) => ops.maxPool2dWithCodes(x, 2).codes],
  ['average pooling', [tasks(2, 3, 4, 6)], (x) => cube(ops.avgPool2d(x, 2))],
  ['pyramid', [tasks(2, 2, 6, 6)], (x) => ops.square(ops.spatialPyramidPool(x, [3, 1]))],
  ['upsampling', [tasks(2, 2, 2, 3)], (x) => cube(ops.upsampleNearest(x, [3, 7]))],
  ['batch norm', [tasks(3, 2, 2, 4), tasks(2), tasks(2)], (x, g, b) => cube(ops.batchNorm(x, g, b))],
  ['batch norm of vectors', [tasks(6, 3), tasks(3), tasks(3)], (x, g, b) => cube(ops.batchNorm(x, g, b))],
];

for (const [name, leaves, build, order] of [...generic, ...matmuls, ...images])
  test(name, () => checkBatched(leaves, build, device, { order }));

test.run();
