import type { JointKernel, Op } from '../graph/op.ts';
import { showShape } from '../graph/shape.ts';
import { full } from '../graph/source.ts';
import { Tensor } from '../graph/tensor.ts';
import { batchImages } from './batch.ts';
import { concat } from './concat.ts';
import { conv2d } from './conv2d.ts';
import { reshape } from './movement.ts';
import {
  gatherPoolKernel,
  maxPoolBothKernel,
  maxPoolCodesKernel,
  maxPoolKernel,
  scatterPoolKernel,
  windowsApart,
} from './pool-kernel.ts';
import {
  checkPositive,
  checkWindow,
  type Pair,
  type PerAxis,
  type PoolAttrs,
  pairOf,
  showPerAxis,
} from './window.ts';

/*
 * Max pooling and its derivatives. A code is the position of the chosen element inside its window (row * width +
 * column); gathering by codes and scattering by codes are each other's adjoint.
 */

const poolAttrs = (node: Tensor): PoolAttrs => {
  const { kernel, stride, padding } = node.attrs as unknown as PoolAttrs;
  return { kernel, stride, padding };
};

/** Values are wanted by the forward pass and codes by its derivative: one pass over the image gives both. */
const valuesAndCodes: JointKernel = { ops: ['maxPool2d', 'maxPool2dCodes'], kernel: maxPoolBothKernel };

const maxPoolOp: Op = {
  name: 'maxPool2d',
  vjp: (node, g) => {
    const [x] = node.inputs;
    return [scatterPool(g, codesOf(x, poolAttrs(node), node.shape), x.shape, poolAttrs(node))];
  },
  lowering: {
    kind: 'kernel',
    kernel: maxPoolKernel,
    batch: batchImages,
    joint: valuesAndCodes,
    inlines: windowsApart,
    rows: [0],
  },
};

const codesOp: Op = {
  name: 'maxPool2dCodes',
  vjp: () => [null],
  lowering: {
    kind: 'kernel',
    kernel: maxPoolCodesKernel,
    batch: batchImages,
    joint: valuesAndCodes,
    inlines: windowsApart,
    rows: [0],
  },
};

const gatherPoolOp: Op = {
  name: 'gatherPool2d',
  vjp: (node, g) => {
    const [x, codes] = node.inputs;
    return [scatterPool(g, codes, x.shape, poolAttrs(node)), null];
  },
  lowering: { kind: 'kernel', kernel: gatherPoolKernel, batch: batchImages, rows: [0, 1] },
};

const scatterPoolOp: Op = {
  name: 'scatterPool2d',
  vjp: (node, u) => {
    const [, codes] = node.inputs;
    return [gatherPool(u, codes, poolAttrs(node)), null];
  },
  lowering: { kind: 'kernel', kernel: scatterPoolKernel, batch: batchImages, rows: [0, 1] },
};

const codesOf = (x: Tensor, attrs: PoolAttrs, shape: readonly number[]): Tensor =>
  new Tensor(codesOp, [x], { ...attrs }, shape, 'i32');

const gatherPool = (x: Tensor, codes: Tensor, attrs: PoolAttrs): Tensor =>
  new Tensor(gatherPoolOp, [x, codes], { ...attrs }, codes.shape, 'f32');

const scatterPool = (g: Tensor, codes: Tensor, shape: readonly number[], attrs: PoolAttrs): Tensor =>
  new Tensor(scatterPoolOp, [g, codes], { ...attrs }, shape, 'f32');

/** Step and margin of pooling windows, in pixels: one number for both axes, or [height, width]. */
export interface PoolOptions {
  /** Step between windows (default: the kernel, so that windows do not overlap). */
  readonly stride?: PerAxis;
  /** Margin around the image, at most half the kernel (default 0); never chosen by max, zeros for the average. */
  readonly padding?: PerAxis;
}

function checkPool(
  op: string,
  x: Tensor,
  kernel: PerAxis,
  { stride = kernel, padding = 0 }: PoolOptions,
): PoolAttrs {
  if (x.rank !== 4 || x.dtype !== 'f32')
    throw new Error(`${op}: needs an f32 input [N,C,H,W], got ${x.dtype}${showShape(x.shape)}`);
  const input = `(input ${showShape(x.shape)})`;
  checkPositive(op, 'kernel', kernel, input);
  checkWindow(op, stride, padding, input);
  const window = { kernel: pairOf(kernel), stride: pairOf(stride), padding: pairOf(padding) };
  const [kernelText, paddingText] = [kernel, padding].map(showPerAxis);
  if (window.padding.some((p, axis) => 2 * p > window.kernel[axis]))
    throw new Error(`${op}: padding ${paddingText} exceeds half the kernel ${kernelText} ${input}`);
  if (window.kernel.some((k, axis) => x.shape[2 + axis] + 2 * window.padding[axis] < k))
    throw new Error(
      `${op}: kernel ${kernelText} with padding ${paddingText} is larger than input ${showShape(x.shape)}`,
    );
  return window;
}

const pooledShape = (x: Tensor, { kernel, stride, padding }: PoolAttrs): number[] => [
  ...x.shape.slice(0, 2),
  ...kernel.map((k, axis) => Math.floor((x.shape[2 + axis] + 2 * padding[axis] - k) / stride[axis]) + 1),
];

/**
 * Maximum over windows of `kernel` pixels (one number, or [height, width]), [N,C,H,W] -> [N,C,OH,OW]; the first of equal elements (row by row) gets the derivative.
 * @throws when the window does not fit.
 */
export function maxPool2d(x: Tensor, kernel: PerAxis, options: PoolOptions = {}): Tensor {
  const attrs = checkPool('maxPool2d', x, kernel, options);
  return new Tensor(maxPoolOp, [x], { ...attrs }, pooledShape(x, attrs), 'f32');
}

/** Max pooling that also tells where each value came from: its position in the window, row * its width + column (i32). */
export function maxPool2dWithCodes(
  x: Tensor,
  kernel: PerAxis,
  options: PoolOptions = {},
): { values: Tensor; codes: Tensor } {
  const values = maxPool2d(x, kernel, options);
  return { values, codes: codesOf(x, poolAttrs(values), values.shape) };
}

/**
 * Mean over windows, zeros of the margin counted, [N,C,H,W] -> [N,C,OH,OW]: a convolution of every channel
 * by a constant kernel, and differentiated as one.
 * @throws when the window does not fit.
 */
export function avgPool2d(x: Tensor, kernel: PerAxis, options: PoolOptions = {}): Tensor {
  const { kernel: window, stride, padding } = checkPool('avgPool2d', x, kernel, options);
  const [n, c, h, w] = x.shape;
  const box = full([1, 1, ...window], 1 / (window[0] * window[1]));
  const y = conv2d(reshape(x, [n * c, 1, h, w]), box, { stride, padding });
  return reshape(y, [n, c, y.shape[2], y.shape[3]]);
}

/**
 * Spatial pyramid pooling (He et al. 2014): for every level n, max pooling into about n x n cells with kernel
 * ceil(size / n) and padding floor((kernel n - size + 1) / 2) along either axis, flattened and joined:
 * [N,C,H,W] -> [N, sum of cells * C].
 * @throws when a level is greater than a side of the image, or cannot be made with a padding of at most half the kernel.
 */
export function spatialPyramidPool(x: Tensor, levels: readonly number[]): Tensor {
  if (x.rank !== 4 || x.dtype !== 'f32')
    throw new Error(`spatialPyramidPool: needs f32 images [N,C,H,W], got ${x.dtype}${showShape(x.shape)}`);
  const [n, , ...sides] = x.shape;
  if (levels.length === 0) throw new Error('spatialPyramidPool: needs at least one level');
  const parts = levels.map((level) => {
    if (!(Number.isInteger(level) && level >= 1 && level <= Math.min(...sides)))
      throw new Error(
        `spatialPyramidPool: level ${level} must be an integer from 1 to the shorter side of input ${showShape(x.shape)}`,
      );
    const kernelOf = (side: number) => Math.ceil(side / level);
    const paddingOf = (side: number) => Math.floor((kernelOf(side) * level - side + 1) / 2);
    const [kernel, padding] = [kernelOf, paddingOf].map((f): Pair => [f(sides[0]), f(sides[1])]);
    return reshape(maxPool2d(x, kernel, { stride: kernel, padding }), [n, -1]);
  });
  return concat(parts, 1);
}
