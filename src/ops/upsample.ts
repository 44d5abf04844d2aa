import type { Capabilities } from '../device/capabilities.ts';
import { type Kernel, u32 } from '../device/kernel.ts';
import { type ShaderName, shaderSource } from '../device/shader.ts';
import type { Op } from '../graph/op.ts';
import { showShape } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';
import { batchImages } from './batch.ts';
import { planeGrid } from './plane-grid.ts';
import { checkPositive } from './window.ts';

/* Nearest upsampling repeats pixels; its adjoint sums over the pixels that show one. Each differentiates the other. */

function resizeKernel(
  name: ShaderName,
  node: Tensor,
  small: Tensor,
  large: Tensor,
  device: Capabilities,
): Kernel {
  const [n, c, h, w] = small.shape;
  return {
    name,
    source: shaderSource(name),
    ...planeGrid(n * c, node.shape[2], node.shape[3], device),
    dims: [n * c, h, w, large.shape[2], large.shape[3]].map(u32),
    flops: node === small ? large.size : 0,
  };
}

const upsampleOp: Op = {
  name: 'upsampleNearest',
  vjp: (node, g) => [blockSum(g, node.inputs[0].shape)],
  lowering: {
    kind: 'kernel',
    kernel: (node, device) => resizeKernel('upsample_nearest', node, node.inputs[0], node, device),
    batch: batchImages,
    rows: [0],
  },
};

const blockSumOp: Op = {
  name: 'upsampleNearestAdjoint',
  vjp: (node, g) => [upsample(g, node.inputs[0].shape)],
  lowering: {
    kind: 'kernel',
    kernel: (node, device) => resizeKernel('upsample_nearest_adjoint', node, node, node.inputs[0], device),
    batch: batchImages,
    rows: [0],
  },
};

const upsample = (x: Tensor, shape: readonly number[]): Tensor =>
  new Tensor(upsampleOp, [x], {}, shape, 'f32');
const blockSum = (x: Tensor, shape: readonly number[]): Tensor =>
  new Tensor(blockSumOp, [x], {}, shape, 'f32');

/**
 * [N,C,H,W] at another size [H', W'], by nearest neighbours: pixel i' shows floor(i' H / H'). Made smaller, the image loses the
 * pixels that none shows.
 * @throws unless the size is of positive integers.
 */
export function upsampleNearest(x: Tensor, size: readonly [number, number]): Tensor {
  if (x.rank !== 4 || x.dtype !== 'f32')
    throw new Error(`upsampleNearest: needs an f32 input [N,C,H,W], got ${x.dtype}${showShape(x.shape)}`);
  checkPositive('upsampleNearest', 'size', size, `(input ${showShape(x.shape)})`);
  return upsample(x, [x.shape[0], x.shape[1], ...size]);
}
