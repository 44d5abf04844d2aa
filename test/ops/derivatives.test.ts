import { suite } from 'uvu';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import { checkDerivatives, leaf, leafBetween } from '../support/derivatives.ts';

/*
 * Every op's value, first and second derivative: the rules against finite differences in float64, the device against
 * the rules interpreted in float64.
 */
const test = suite('derivatives');

type Case = [name: string, leaves: Tensor[], build: (...leaves: Tensor[]) => Tensor, order?: number];
const integers = (...shape: number[]) => ops.toInt(ops.mul(leaf(...shape), 3));
const mask = ops.greater(leaf(3, 5), 0);

const elementwise: Case[] = [
  [
    'add and sub, broadcast',
    [leaf(3, 5), leaf(5), leaf(3, 1)],
    (a, b, c) => ops.square(ops.sub(ops.add(a, b), c)),
  ],
  ['mul, broadcast', [leaf(3, 5), leaf(1, 5)], (a, b) => ops.mul(ops.mul(a, b), a)],
  ['mul of one tensor with itself', [leaf(7)], (a) => ops.mul(ops.mul(a, a), a)],
  ['div', [leaf(3, 5), leafBetween(0.5, 2, 3, 1)], (a, b) => ops.div(a, b)],
  ['neg, square', [leaf(5)], (a) => ops.square(ops.neg(ops.square(a)))],
  ['exp', [leaf(3, 5)], ops.exp],
  ['log', [leafBetween(0.3, 3, 3, 5)], ops.log],
  ['sqrt', [leafBetween(0.3, 3, 3, 5)], ops.sqrt],
  ['rsqrt', [leafBetween(0.3, 3, 3, 5)], ops.rsqrt],
  ['tanh', [leaf(3, 5)], (a) => ops.tanh(ops.mul(a, 2))],
  ['sigmoid', [leaf(3, 5)], (a) => ops.sigmoid(ops.mul(a, 3))],
  ['softplus', [leaf(3, 5)], (a) => ops.softplus(ops.mul(a, 3))],
  ['abs', [leaf(3, 5)], (a) => ops.abs(ops.mul(a, a.exp()))],
  ['relu', [leaf(3, 5)], (a) => ops.relu(ops.mul(a, a.exp()))],
  ['pow by a tensor', [leafBetween(0.3, 2, 3, 5), leaf(5)], ops.pow],
  ['pow by a number', [leafBetween(0.3, 2, 3, 5)], (a) => ops.pow(a, 2.5)],
  ['pow of a number', [leaf(3, 5)], (a) => ops.pow(1.7, a)],
  [
    'maximum, minimum',
    [leaf(3, 5), leaf(5)],
    (a, b) => ops.mul(ops.maximum(a, b), ops.minimum(ops.square(a), b)),
  ],
  ['clamp', [leaf(3, 5)], (a) => ops.clamp(ops.square(a), 0.2, 0.7)],
  ['hardSwish', [leaf(40)], (a) => ops.hardSwish(ops.mul(a, 3))],
  ['where', [leaf(3, 5), leaf(3, 5)], (a, b) => ops.where(mask, ops.square(a), ops.mul(a, b))],
  [
    'sign and floor stop',
    [leaf(3, 5)],
    (a) => ops.mul(ops.square(a), ops.add(ops.sign(a), ops.floor(ops.mul(a, 3)))),
  ],
  ['toFloat stops', [leaf(3, 5)], (a) => ops.mul(ops.square(a), ops.toFloat(ops.toInt(ops.mul(a, 4))))],
  ['stopGradient', [leaf(3, 5)], (a) => ops.mul(ops.square(a), ops.stopGradient(tensor([1, 2, 3, 4, 5])))],
];

const movement: Case[] = [
  ['reshape', [leaf(4, 6)], (a) => ops.square(ops.reshape(a, [3, -1]))],
  [
    'permute',
    [leaf(2, 3, 4)],
    (a) => ops.mul(ops.permute(a, [2, 0, 1]), ops.square(ops.reshape(a, [4, 2, 3]))),
  ],
  ['transpose', [leaf(3, 3)], (a) => ops.mul(a, ops.square(ops.transpose(a)))],
  ['flip', [leaf(3, 4)], (a) => ops.mul(a, ops.square(ops.flip(a, [0, -1])))],
  [
    'slice',
    [leaf(5, 6)],
    (a) => ops.mul(ops.slice(a, [1, 2], [4, -1]), ops.square(ops.slice(a, [-3], [5, 3]))),
  ],
  ['pad', [leaf(2, 3)], (a) => ops.mul(ops.pad(a, [1, 0], [0, 2]), ops.square(ops.pad(a, [0, 2], [1, 0])))],
  ['pad of an extent of 1', [leaf(1, 3)], (a) => ops.square(ops.pad(a, [2, 1], [1, 0]))],
  ['broadcastTo', [leaf(3, 1)], (a) => ops.square(ops.broadcastTo(a, [2, 3, 4]))],
  ['concat', [leaf(2, 3), leaf(1, 3)], (a, b) => ops.square(ops.concat([a, b, ops.square(a), a], 0))],
  ['sum', [leaf(2, 3, 4)], (a) => ops.mul(ops.square(ops.sum(a, [0, -1])), ops.sum(ops.square(a)))],
  ['mean, kept', [leaf(2, 3, 4)], (a) => ops.mul(ops.square(ops.mean(a, 1, { keepDims: true })), a)],
  ['max over axes', [leaf(2, 3, 4)], (a) => ops.square(ops.max(ops.mul(a, a), [0, 2]))],
  ['max over all', [leaf(2, 30)], (a) => ops.square(ops.max(a))],
];

const square3 = (y: Tensor) => ops.mul(y, ops.square(y));
const conv = (
  name: string,
  x: number[],
  w: number[],
  options: { stride?: number; padding?: number },
): Case => [
  `conv2d ${name}`,
  [leaf(...x), leaf(...w), leaf(w[0])],
  (a, b, bias) => ops.square(ops.conv2d(a, b, { ...options, bias })),
];

const windows: Case[] = [
  conv('1x1', [2, 3, 4, 5], [2, 3, 1, 1], {}),
  conv('3x3 padded', [2, 3, 6, 7], [5, 3, 3, 3], { padding: 1 }),
  conv('3x3, 9 to 11 channels', [1, 9, 5, 4], [11, 9, 3, 3], { padding: 1 }),
  conv('3x3 stride 2 with rows left over', [2, 2, 8, 7], [3, 2, 3, 3], { stride: 2 }),
  conv('4x4 stride 2 padding 1', [2, 2, 8, 6], [3, 2, 4, 4], { stride: 2, padding: 1 }),
  conv('7x7 stride 3 padding 3', [1, 2, 11, 9], [2, 2, 7, 7], { stride: 3, padding: 3 }),
  conv('2x3 kernel', [3, 1, 4, 5], [2, 1, 2, 3], { padding: 1 }),
  conv('stride beyond the kernel', [1, 2, 8, 9], [2, 2, 2, 2], { stride: 3 }),
  conv('kernel as large as the image', [2, 3, 4, 5], [2, 3, 4, 5], {}),
  conv('one pixel', [3, 2, 1, 1], [2, 2, 3, 3], { padding: 1 }),
  ['maxPool2d', [leaf(2, 3, 4, 6)], (x) => square3(ops.maxPool2d(x, 2))],
  ['maxPool2d with rows left over', [leaf(1, 2, 5, 7)], (x) => square3(ops.maxPool2d(x, 2))],
  [
    'maxPool2d, overlapping',
    [leaf(2, 2, 6, 5)],
    (x) => square3(ops.maxPool2d(x, 3, { stride: 1, padding: 1 })),
  ],
  ['maxPool2d, 3 by 2', [leaf(2, 2, 7, 9)], (x) => square3(ops.maxPool2d(x, 3, { stride: 2, padding: 1 }))],
  ['maxPool2d, gaps', [leaf(1, 2, 8, 8)], (x) => square3(ops.maxPool2d(x, 2, { stride: 3 }))],
  ['avgPool2d', [leaf(2, 3, 4, 6)], (x) => square3(ops.avgPool2d(x, 2))],
  ['avgPool2d padded', [leaf(2, 2, 5, 6)], (x) => square3(ops.avgPool2d(x, 3, { stride: 2, padding: 1 }))],
  ['spatialPyramidPool', [leaf(2, 2, 8, 8)], (x) => square3(ops.spatialPyramidPool(x, [4, 2, 1]))],
  ['upsampleNearest, whole factor', [leaf(2, 2, 3, 2)], (x) => square3(ops.upsampleNearest(x, [6, 6]))],
  ['upsampleNearest, odd factors', [leaf(1, 2, 3, 5)], (x) => square3(ops.upsampleNearest(x, [7, 8]))],
];

const product = (name: string, a: number[], b: number[], options: ops.MatmulOptions = {}): Case => [
  `matmul ${name}`,
  [leaf(...a), leaf(...b)],
  (x, y) => ops.square(ops.matmul(x, y, options)),
];

const matrices: Case[] = [
  product('plain', [5, 7], [7, 3]),
  product('larger than a tile', [37, 5], [5, 41]),
  product('a transposed', [7, 5], [7, 3], { transposeA: true }),
  product('b transposed', [5, 7], [3, 7], { transposeB: true }),
  product('both transposed', [7, 5], [3, 7], { transposeA: true, transposeB: true }),
  product('stacks', [4, 2, 3], [4, 3, 5]),
  product('stack by matrix', [4, 2, 3], [3, 5]),
  product('matrix by stack, transposed', [3, 2], [2, 4, 5, 3], { transposeA: true, transposeB: true }),
  product('stacks broadcast both ways', [3, 1, 2, 4], [2, 4, 3]),
  product('vectors', [1, 9], [9, 1]),
];

const norm = (name: string, shape: number[], order?: number): Case => [
  `batchNorm ${name}`,
  [leaf(...shape), leaf(shape[1]), leaf(shape[1])],
  (x, gamma, beta) => ops.square(ops.batchNorm(x, gamma, beta, { eps: 0.05 })),
  order,
];

const norms: Case[] = [
  norm('of [N,C], to the third derivative', [7, 3], 3),
  norm('of [N,C,H,W], to the third derivative', [2, 3, 4, 5], 3),
  norm('of [N,C,L]', [3, 2, 5]),
  norm('of one element per channel', [1, 4]),
  norm('of one pixel per channel', [1, 3, 1, 1], 3),
  [
    'batchNorm far from zero',
    [leafBetween(99, 101, 6, 2), leaf(2), leaf(2)],
    (x, g, b) => ops.square(ops.batchNorm(x, g, b)),
    1,
  ],
  [
    'batchNorm by given statistics',
    [leaf(4, 3, 2, 2), leaf(3), leaf(3), leaf(3), leafBetween(0.5, 2, 3)],
    (x, g, b, mean, variance) => ops.square(ops.batchNorm(x, g, b, { running: { mean, variance } })),
  ],
  [
    'batchStatistics',
    [leaf(3, 2, 4)],
    (x) => ops.mul(...(Object.values(ops.batchStatistics(x)) as [Tensor, Tensor])),
  ],
  [
    'coordinateAttention',
    [
      leaf(2, 4, 3, 5),
      leaf(8, 4, 1, 1),
      leaf(8),
      leaf(8),
      leaf(8),
      leaf(4, 8, 1, 1),
      leaf(4),
      leaf(4, 8, 1, 1),
      leaf(4),
    ],
    (x, w1, b1, gamma, beta, wh, bh, ww, bw) =>
      ops.coordinateAttention(
        x,
        {
          reduce: { weight: w1, bias: b1 },
          norm: { gamma, beta },
          height: { weight: wh, bias: bh },
          width: { weight: ww, bias: bw },
        },
        { normalise: (y, p) => ops.batchNorm(y, p.gamma, p.beta, { eps: 0.1 }) },
      ),
  ],
];

const losses: Case[] = [
  ['bceWithLogits', [leaf(3, 5), leafBetween(0, 1, 3, 5)], (z, t) => ops.bceWithLogits(ops.mul(z, 3), t)],
  [
    'crossEntropy',
    [leaf(6, 5)],
    (z) => ops.crossEntropy(ops.mul(z, 2), tensor(Int32Array.of(0, 1, 4, 4, 2, 3))),
  ],
  ['logSoftmax', [leaf(2, 3, 5)], (z) => ops.square(ops.logSoftmax(z))],
  ['an integer mask', [leaf(4, 5)], (x) => ops.mul(ops.square(x), ops.toFloat(integers(4, 5)))],
];

for (const [name, leaves, build, order] of [
  ...elementwise,
  ...movement,
  ...windows,
  ...matrices,
  ...norms,
  ...losses,
])
  test(name, () => checkDerivatives(leaves, build, { order }));

// WGSL allows sine and cosine an absolute error of 2^-11, which here meets values up to about 1.
test('sin, cos', () =>
  checkDerivatives([leaf(3, 5)], (a) => ops.mul(ops.sin(a), ops.cos(ops.mul(a, 2))), { inexact: 2 ** -9 }));

test.run();
