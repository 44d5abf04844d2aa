import type { Op } from '../graph/op.ts';
import { gcd, showShape, sizeOf } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';
import { joinTasks } from './batch.ts';
import { broadcastTo } from './broadcast.ts';
import { conv2dForward, conv2dToInput, conv2dToWeight } from './conv2d-kernel.ts';
import { add } from './elementwise.ts';
import { pad, reshape, slice } from './movement.ts';
import { type Conv2dAttrs, checkWindow, type Pair, type PerAxis, pairOf, showPerAxis } from './window.ts';

/*
 * Convolution is one trilinear form of input x [N,C,H,W], weight w [O,C,KH,KW] and output cotangent g [N,O,OH,OW]:
 *   T(x, w, g) = sum over n,o,i,j,c,a,b of g[n,o,i,j] w[o,c,a,b] x[n,c,i*stride+a-padding,j*stride+b-padding].
 * Its three faces, dT/dg, dT/dx and dT/dw, are the three ops below, and the derivatives of each are the other two.
 * A weight [B,O,C,KH,KW] holds those of B tasks, to each of which belong N/B images in a row: T is then the sum of the
 * tasks' forms. That changes shapes and kernels but none of the derivatives.
 */

const attrsOf = (node: Tensor): Conv2dAttrs => {
  const { stride, padding } = node.attrs as unknown as Conv2dAttrs;
  return { stride, padding };
};

const conv2dOp: Op = {
  name: 'conv2d',
  vjp: (node, g) => {
    const [x, w] = node.inputs;
    return [inputGrad(g, w, x.shape, attrsOf(node)), weightGrad(x, g, w.shape, attrsOf(node))];
  },
  lowering: { kind: 'choose', choose: conv2dForward, batch: batchByWeight },
};

const inputGradOp: Op = {
  name: 'conv2dInputGrad',
  vjp: (node, u) => {
    const [g, w] = node.inputs;
    return [forward(u, w, attrsOf(node)), weightGrad(u, g, w.shape, attrsOf(node))];
  },
  lowering: { kind: 'choose', choose: conv2dToInput, batch: batchByWeight },
};

const weightGradOp: Op = {
  name: 'conv2dWeightGrad',
  vjp: (node, u) => {
    const [x, g] = node.inputs;
    return [inputGrad(g, u, x.shape, attrsOf(node)), forward(x, u, attrsOf(node))];
  },
  lowering: { kind: 'choose', choose: conv2dToWeight, batch: batchWeight },
};

/** Images of all tasks in a row, and the weights of each; weights that the tasks share serve the images of all. */
function batchByWeight(node: Tensor, [images, w]: readonly Tensor[], tasks: number): Tensor {
  const [, ...weight] = w.shape;
  const shared = w.shape[0] === 1 && weight.length === 4;
  const weights = shared ? reshape(w, weight) : taskWeights(w, tasks);
  const shape = [tasks * node.shape[0], ...node.shape.slice(1)];
  const y = new Tensor(node.op, [joinTasks(images, tasks), weights], node.attrs, shape, 'f32');
  return reshape(y, [tasks, ...node.shape]);
}

/** A weight's gradient for each task. */
function batchWeight(node: Tensor, images: readonly Tensor[], tasks: number): Tensor {
  const [x, g] = images.map((t) => joinTasks(t, tasks));
  const shape = [(tasks * node.size) / sizeOf(node.shape.slice(-4)), ...node.shape.slice(-4)];
  return reshape(new Tensor(node.op, [x, g], node.attrs, shape, 'f32'), [tasks, ...node.shape]);
}

/** Weights [tasks or 1, O,C,KH,KW], or those of tasks within tasks, as [B,O,C,KH,KW]. */
const taskWeights = (w: Tensor, tasks: number): Tensor =>
  reshape(broadcastTo(w, [tasks, ...w.shape.slice(1)]), [-1, ...w.shape.slice(-4)]);

const outputExtent = (n: number, kernel: number, { stride, padding }: Conv2dAttrs): number =>
  Math.floor((n + 2 * padding - kernel) / stride) + 1;

function forward(x: Tensor, w: Tensor, attrs: Conv2dAttrs): Tensor {
  const [n, , h, width] = x.shape;
  const [o, , kh, kw] = w.shape.slice(-4);
  const shape = [n, o, outputExtent(h, kh, attrs), outputExtent(width, kw, attrs)];
  return new Tensor(conv2dOp, [x, w], { ...attrs }, shape, 'f32');
}

const inputGrad = (g: Tensor, w: Tensor, inputShape: readonly number[], attrs: Conv2dAttrs): Tensor =>
  new Tensor(inputGradOp, [g, w], { ...attrs }, [g.shape[0], ...inputShape.slice(1)], 'f32');

const weightGrad = (x: Tensor, g: Tensor, weightShape: readonly number[], attrs: Conv2dAttrs): Tensor =>
  new Tensor(weightGradOp, [x, g], { ...attrs }, weightShape, 'f32');

/** Window and bias of `conv2d`; step and margin in pixels, one number for both axes or [height, width]. */
export interface Conv2dOptions {
  /** Step between windows (default 1). */
  readonly stride?: PerAxis;
  /** Zeros around the image (default 0). */
  readonly padding?: PerAxis;
  /** Added to every pixel of its output channel, [O]. */
  readonly bias?: Tensor;
}

/**
 * A convolution whose axes may differ, by one whose axes do not: zeros are put around the image first, and of a step by the
 * greatest common divisor of the two strides every so many rows and columns are kept.
 */
function forwardPerAxis(x: Tensor, w: Tensor, stride: Pair, padding: Pair): Tensor {
  const alike = padding[0] === padding[1];
  const margin = [0, 0, ...padding];
  const step = gcd(...stride);
  const attrs = { stride: step, padding: alike ? padding[0] : 0 };
  const y = forward(alike ? x : pad(x, margin, margin), w, attrs);
  return keepEvery(keepEvery(y, 2, stride[0] / step), 3, stride[1] / step);
}

/** The first of every `n` along an axis. */
function keepEvery(x: Tensor, axis: number, n: number): Tensor {
  if (n === 1) return x;
  const kept = Math.ceil(x.shape[axis] / n);
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const missing = x.shape.map((size, d) => (d === axis ? kept * n - size : 0));
  const filled = pad(
    x,
    x.shape.map(() => 0),
    missing,
  );
  const runs = reshape(filled, [...before, kept, n, ...after]);
  return reshape(slice(runs, [], [...before, kept, 1, ...after]), [...before, kept, ...after]);
}

/**
 * 2-D cross-correlation (what deep learning calls convolution): input [N,C,H,W], weight [O,C,KH,KW] -> [N,O,OH,OW]
 * with OH = floor((H + 2 padding - KH) / stride) + 1. Unequal strides cost what their greatest common divisor costs.
 * @throws when ranks, channels, types or the window do not fit.
 */
export function conv2d(x: Tensor, weight: Tensor, options: Conv2dOptions = {}): Tensor {
  const { stride = 1, padding = 0, bias } = options;
  const shapes = `(input ${showShape(x.shape)}, weight ${showShape(weight.shape)})`;
  if (x.rank !== 4 || weight.rank !== 4)
    throw new Error(`conv2d: needs an input [N,C,H,W] and a weight [O,C,KH,KW] ${shapes}`);
  if (x.dtype !== 'f32' || weight.dtype !== 'f32')
    throw new Error(
      `conv2d: takes f32 tensors, got ${x.dtype} and ${weight.dtype} ${shapes}; convert with toFloat()`,
    );
  if (x.shape[1] !== weight.shape[1])
    throw new Error(`conv2d: input has ${x.shape[1]} channels, weight expects ${weight.shape[1]} ${shapes}`);
  checkWindow('conv2d', stride, padding, shapes);
  const [steps, margins] = [pairOf(stride), pairOf(padding)];
  if (margins.some((p, axis) => x.shape[2 + axis] + 2 * p < weight.shape[2 + axis]))
    throw new Error(
      `conv2d: the kernel is larger than the image with padding ${showPerAxis(padding)} ${shapes}`,
    );
  const y = forwardPerAxis(x, weight, steps, margins);
  if (bias === undefined) return y;
  if (bias.rank !== 1 || bias.shape[0] !== weight.shape[0] || bias.dtype !== 'f32')
    throw new Error(
      `conv2d: bias ${bias.dtype}${showShape(bias.shape)} must be f32[${weight.shape[0]}] ${shapes}`,
    );
  return add(y, reshape(bias, [1, -1, 1, 1]));
}
