import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { full, ones, type Tensor, tensor, tree, zeros } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';

/* Mistakes are found when the graph is built, and the message names the op and what did not fit. */

const test = suite('errors when a graph is built');
const f = (...shape: number[]): Tensor => zeros(shape);
const n = (...shape: number[]): Tensor => zeros(shape, 'i32');

type Mistake = [what: string, build: () => unknown, ...mentions: string[]];
const mistakes: Mistake[] = [
  ['channels of conv2d', () => ops.conv2d(f(2, 3, 8, 8), f(4, 5, 3, 3)), 'conv2d', '[2,3,8,8]', '[4,5,3,3]'],
  ['rank of conv2d', () => ops.conv2d(f(3, 8, 8), f(4, 3, 3, 3)), 'conv2d', '[3,8,8]'],
  [
    'type of conv2d',
    () => ops.conv2d(n(1, 1, 4, 4), f(1, 1, 3, 3)),
    'conv2d',
    'i32',
    '[1,1,4,4]',
    '[1,1,3,3]',
  ],
  [
    'kernel too large',
    () => ops.conv2d(f(1, 1, 4, 4), f(1, 1, 7, 7), { padding: 1 }),
    'conv2d',
    '[1,1,7,7]',
    '1',
  ],
  [
    'stride 0',
    () => ops.conv2d(f(1, 1, 4, 4), f(1, 1, 3, 3), { stride: 0 }),
    'conv2d',
    'stride 0',
    '[1,1,4,4]',
  ],
  [
    'padding -1',
    () => ops.conv2d(f(1, 1, 4, 4), f(1, 1, 3, 3), { padding: -1 }),
    'conv2d',
    'padding -1',
    '[1,1,4,4]',
  ],
  ['bias', () => ops.conv2d(f(1, 1, 4, 4), f(2, 1, 3, 3), { bias: f(3) }), 'conv2d', 'bias f32[3]', 'f32[2]'],
  [
    'type of bias',
    () => ops.conv2d(f(1, 1, 4, 4), f(2, 1, 3, 3), { bias: n(2) }),
    'conv2d',
    'bias i32[2]',
    'f32[2]',
  ],
  ['inner extents', () => ops.matmul(f(2, 3), f(4, 5)), 'matmul', '[2,3]', '[4,5]'],
  [
    'inner extents, transposed',
    () => ops.matmul(f(2, 3), f(3, 5), { transposeA: true }),
    'matmul',
    '[2,3] transposed',
    '[3,5]',
  ],
  ['rank of matmul', () => ops.matmul(f(3), f(3, 5)), 'matmul', '[3]'],
  ['type of matmul', () => ops.matmul(n(2, 3), f(3, 5)), 'matmul', 'i32', '[2,3]', '[3,5]'],
  ['stacks of matmul', () => ops.matmul(f(2, 3, 4), f(5, 4, 3)), 'matmul', '[2]', '[5]'],
  ['reshape', () => ops.reshape(f(2, 3), [4, 2]), 'reshape', '[2,3]', '[4,2]'],
  ['reshape with a remainder', () => ops.reshape(f(2, 3), [4, -1]), 'reshape', '[2,3]', '[4,-1]'],
  ['reshape with two -1', () => ops.reshape(f(2, 3), [-1, -1]), 'reshape', '[2,3]', '[-1,-1]'],
  ['concat off the axis', () => ops.concat([f(2, 3), f(2, 4)], 0), 'concat', '[2,3]', '[2,4]'],
  ['concat of nothing', () => ops.concat([], 0), 'concat'],
  ['concat of types', () => ops.concat([f(2), n(2)], 0), 'concat', 'f32[2]', 'i32[2]'],
  ['concat axis', () => ops.concat([f(2), f(2)], 1), 'concat', 'axis 1'],
  ['slice outside', () => ops.slice(f(2, 3), [0, 1], [2, 4]), 'slice', '[2,3]', '[2,4]'],
  ['empty slice', () => ops.slice(f(2, 3), [1], [1]), 'slice', '[2,3]'],
  ['slice before the start', () => ops.slice(f(2, 3), [-3]), 'slice', '[2,3]', '[-3]'],
  ['pad by a negative number', () => ops.pad(f(2, 3), [0, -1], [0, 0]), 'pad', '[0,-1]', '[2,3]'],
  ['pad of too few axes', () => ops.pad(f(2, 3), [1], [1]), 'pad', '[1]', '[2,3]'],
  ['permute', () => ops.permute(f(2, 3), [0, 0]), 'permute', '[0,0]', '[2,3]'],
  ['transpose', () => ops.transpose(f(2, 3), 0, 2), 'transpose', 'axis 2'],
  ['flip of one axis twice', () => ops.flip(f(2, 3), [1, -1]), 'flip', 'twice'],
  ['broadcastTo', () => ops.broadcastTo(f(2, 3), [3, 3]), 'broadcastTo', '[2,3]', '[3,3]'],
  ['broadcastTo lower rank', () => ops.broadcastTo(f(2, 3), [3]), 'broadcastTo', '[2,3]', '[3]'],
  ['operands that do not broadcast', () => ops.add(f(2, 3), f(2)), 'add', '[2,3]', '[2]', '3 and 2'],
  ['operands of two types', () => ops.mul(f(2, 3), n(3)), 'mul', 'f32[2,3]', 'i32[3]', 'toFloat'],
  ['only numbers', () => ops.add(1, 2), 'add', 'tensor'],
  ['a fraction for integers', () => ops.add(n(3), 0.5), 'add', '0.5', 'i32'],
  ['functions of integers', () => ops.exp(n(3)), 'exp', 'i32[3]', 'toFloat'],
  ['division of integers', () => ops.div(n(3), n(3)), 'div', 'i32[3]'],
  ['a mask of floats', () => ops.where(f(3), f(3), 0), 'where', 'f32[3]', 'i32'],
  ['axes of sum', () => ops.sum(f(2, 3), [0, -2]), 'sum', '[0,-2]', 'twice'],
  ['axis of mean', () => ops.mean(f(2, 3), 2), 'mean', 'axis 2'],
  ['axis of max', () => ops.max(f(2, 3), -3), 'max', 'axis -3'],
  [
    'batchNorm gamma',
    () => ops.batchNorm(f(4, 3, 2, 2), f(2), f(3)),
    'batchNorm',
    'gamma f32[2]',
    '[4,3,2,2]',
  ],
  ['type of gamma', () => ops.batchNorm(f(4, 3), n(3), f(3)), 'batchNorm', 'gamma i32[3]', '[4,3]'],
  ['statistics of integers', () => ops.batchStatistics(n(4, 3)), 'batchStatistics', 'i32[4,3]'],
  ['batchNorm rank', () => ops.batchNorm(f(4), f(4), f(4)), 'batchNorm', '[4]'],
  [
    'batchNorm statistics',
    () => ops.batchNorm(f(4, 3), f(3), f(3), { running: { mean: f(3), variance: f(4) } }),
    'batchNorm',
    'variance f32[4]',
  ],
  ['bce shapes', () => ops.bceWithLogits(f(4, 1), f(4)), 'bceWithLogits', '[4,1]', '[4]'],
  ['bce type', () => ops.bceWithLogits(n(4), f(4)), 'bceWithLogits', 'i32'],
  ['crossEntropy shapes', () => ops.crossEntropy(f(4, 3), n(3)), 'crossEntropy', '[4,3]', '[4]', '[3]'],
  ['crossEntropy labels', () => ops.crossEntropy(f(4, 3), f(4)), 'crossEntropy', 'f32', 'i32'],
  ['crossEntropy type', () => ops.crossEntropy(n(4, 3), n(4)), 'crossEntropy', 'i32[4,3]'],
  ['oneHot', () => ops.oneHot(f(4), 3), 'oneHot', 'f32[4]'],
  ['oneHot of no class', () => ops.oneHot(n(4), 0), 'oneHot', '0', '[4]'],
  ['logSoftmax of integers', () => ops.logSoftmax(n(4, 3)), 'logSoftmax', 'i32[4,3]'],
  ['logSoftmax of a scalar', () => ops.logSoftmax(f()), 'logSoftmax', 'f32[]'],
  ['mean of integers', () => ops.mean(n(4, 3), 1), 'mean', 'i32[4,3]', 'toFloat'],
  ['maxPool2d rank', () => ops.maxPool2d(f(3, 4, 4), 2), 'maxPool2d', '[3,4,4]'],
  ['maxPool2d kernel', () => ops.maxPool2d(f(1, 1, 4, 4), 5), 'maxPool2d', 'kernel 5', '[1,1,4,4]'],
  [
    'maxPool2d padding',
    () => ops.maxPool2d(f(1, 1, 4, 4), 3, { padding: 2 }),
    'maxPool2d',
    'padding 2',
    '3',
    '[1,1,4,4]',
  ],
  ['maxPool2d kernel 0', () => ops.maxPool2d(f(1, 1, 4, 4), 0), 'maxPool2d', 'kernel 0', '[1,1,4,4]'],
  [
    'avgPool2d stride',
    () => ops.avgPool2d(f(1, 1, 4, 4), 2, { stride: 1.5 }),
    'avgPool2d',
    'stride 1.5',
    '[1,1,4,4]',
  ],
  [
    'spatialPyramidPool of integers',
    () => ops.spatialPyramidPool(n(1, 1, 4, 4), [2]),
    'spatialPyramidPool',
    'i32',
  ],
  [
    'spatialPyramidPool level',
    () => ops.spatialPyramidPool(f(1, 1, 4, 4), [1.5]),
    'spatialPyramidPool',
    '1.5',
    '[1,1,4,4]',
  ],
  ['spatialPyramidPool of no level', () => ops.spatialPyramidPool(f(1, 1, 4, 4), []), 'spatialPyramidPool'],
  [
    'spatialPyramidPool of more cells than pixels',
    () => ops.spatialPyramidPool(f(1, 1, 4, 3), [4]),
    'spatialPyramidPool',
    'level 4',
    '[1,1,4,3]',
  ],
  [
    'maxPool2d by a window taller than the image',
    () => ops.maxPool2d(f(1, 1, 4, 5), [5, 2]),
    'maxPool2d',
    '[5,2]',
    '[1,1,4,5]',
  ],
  [
    'maxPool2d padding along one axis',
    () => ops.maxPool2d(f(1, 1, 4, 5), [2, 3], { padding: [1, 2] }),
    'maxPool2d',
    'padding [1,2]',
    '[2,3]',
  ],
  [
    'conv2d stride along one axis',
    () => ops.conv2d(f(1, 1, 4, 5), f(1, 1, 2, 2), { stride: [1, 0] }),
    'conv2d',
    'stride [1,0]',
    '[1,1,4,5]',
  ],
  [
    'upsampleNearest',
    () => ops.upsampleNearest(f(1, 1, 4, 5), [8, 0]),
    'upsampleNearest',
    '[8,0]',
    '[1,1,4,5]',
  ],
  ['empty tensors', () => tensor([]), 'tensor', '[0]'],
  ['empty constants', () => full([2, 0], 1), 'full', '[2,0]'],
  ['ragged lists', () => tensor([[1, 2], [3]]), 'tensor', '[2]', '[1]'],
  [
    'numbers that do not fill a shape',
    () => tensor(new Float32Array(5), [2, 3]),
    'tensor',
    '[2,3]',
    '6',
    '5',
  ],
  ['grad of a vector', () => grad(f(3), f(3)), 'grad', 'f32[3]', 'sum()'],
  ['grad of integers', () => grad(n(), f(3)), 'grad', 'i32'],
  ['grad by integers', () => grad(f(), { labels: n(3) }), 'grad', 'params.labels', 'i32[3]'],
  ['grad by numbers', () => grad(f(), { rate: 0.1 as unknown as Tensor }), 'grad', 'params.rate', 'tensor'],
  ['trees that differ', () => tree.map((a) => a, { a: f(1), b: f(1) }, { a: f(1) } as never), 'tree', '"b"'],
];

for (const [what, build, ...mentions] of mistakes)
  test(what, () => {
    let message = '';
    try {
      build();
    } catch (error) {
      message = (error as Error).message;
    }
    for (const mention of mentions) assert.ok(message.includes(mention), `"${message}" mentions ${mention}`);
    assert.ok(message.startsWith(mentions[0]), `"${message}" starts with ${mentions[0]}`);
  });

test('extents of 1 and numbers are no mistake', () => {
  assert.equal(ops.add(ones([3, 1]), ones([4])).shape, [3, 4]);
  assert.equal(ops.sub(1, ones([2])).shape, [2]);
  assert.is(ops.add(n(3), 2).dtype, 'i32');
});

test.run();
