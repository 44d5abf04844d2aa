import type { Capabilities } from '../device/capabilities.ts';
import { type Shape, sizeOf } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';
import { kernelOp } from './kernel-op.ts';
import { productKernel, servesTiled, tileBySize, tileFor, tilesOf } from './product-tiled.ts';
import type { Conv2dAttrs } from './window.ts';

/*
 * Convolution on GPUs as matrix products whose operands are read in place: any stride, padding and kernel. x [B*N,C,H,W] is
 * the image side, g [B*N,O,OH,OW] the output side, w [B,O,C,KH,KW] the weights of B tasks, whichever of them is computed.
 */

const attrsOf = (node: Tensor): Conv2dAttrs => node.attrs as unknown as Conv2dAttrs;

const flopsOf = (g: Shape, [, , c, kh, kw]: Shape): number => 2 * sizeOf(g) * c * kh * kw;

const forwardOp = kernelOp('conv2dTiled', [0, 1], (node, device) => {
  const [x, w] = node.inputs;
  const { stride, padding } = attrsOf(node);
  const [tasks, o, c, kh, kw] = w.shape;
  const [, , oh, ow] = node.shape;
  const images = x.shape[0] / tasks;
  const plane = oh * ow;
  const extents = { batches: tasks, m: o, n: images * plane, k: c * kh * kw, row: plane };
  return productKernel(
    {
      name: 'conv2d_tiled',
      constants: { KH: kh, KW: kw, STRIDE: stride, LEFT_ALONG_K: 1, RIGHT_ALONG_K: 0 },
      dims: [images, ...x.shape.slice(1), ow, padding],
      flops: flopsOf(node.shape, w.shape),
    },
    extents,
    tileFor(extents, device.tuning.tiled.forward, device),
    device,
  );
});

const toInputOp = kernelOp('conv2dInputGradTiled', [0, 1], (node, device) => {
  const [g, w] = node.inputs;
  const { stride, padding } = attrsOf(node);
  const [tasks, o, c, kh, kw] = w.shape;
  const [, , h, width] = node.shape;
  const images = g.shape[0] / tasks;
  // Pixels of a phase: every stride-th of the image and of the part of its margin where the phase begins.
  const [qh, qw] = [h, width].map((extent) => Math.ceil((extent + (padding % stride)) / stride));
  const extents = {
    batches: tasks * stride * stride,
    m: c,
    n: images * qh * qw,
    k: o * Math.ceil(kh / stride) * Math.ceil(kw / stride),
    row: h * width,
  };
  return productKernel(
    {
      name: 'conv2d_input_grad_tiled',
      constants: { KH: kh, KW: kw, STRIDE: stride, LEFT_ALONG_K: 1, RIGHT_ALONG_K: 0 },
      dims: [images, qh, qw, h, width, ...g.shape.slice(1), padding],
      flops: flopsOf(g.shape, w.shape),
    },
    extents,
    tileFor(extents, device.tuning.tiled.inputGrad, device),
    device,
  );
});

/** The product of one task, before it is cut in parts. */
const weightExtents = ([o, c, kh, kw]: Shape) => ({ m: o, n: c * kh * kw });

const toWeightOp = kernelOp('conv2dWeightGradTiled', [0, 1], (node, device) => {
  const [x, g] = node.inputs;
  const { stride, padding } = attrsOf(node);
  const [tasks, parts, ...weight] = node.shape;
  const [, , kh, kw] = weight;
  const [all, , oh, ow] = g.shape;
  const images = all / tasks;
  const { m, n } = weightExtents(weight);
  const k = images * oh * ow;
  const tile = tileBySize({ m, n }, device.tuning.tiled.weightGrad);
  const share = tile.k * Math.ceil(k / (parts * tile.k));
  return productKernel(
    {
      name: 'conv2d_weight_grad_tiled',
      constants: { KH: kh, KW: kw, STRIDE: stride, LEFT_ALONG_K: 1, RIGHT_ALONG_K: 1 },
      dims: [images, ...x.shape.slice(1), oh, ow, padding, parts, share],
      flops: flopsOf(g.shape, [tasks, ...weight]),
    },
    { batches: tasks * parts, m, n, k, row: n },
    tile,
    device,
  );
});

const replace = (op: typeof forwardOp, node: Tensor, shape = node.shape): Tensor =>
  new Tensor(op, node.inputs, node.attrs, shape, 'f32');

/** y(x, w), or undefined where another kernel must serve. */
export const forwardTiled = (node: Tensor, device: Capabilities): Tensor | undefined =>
  servesTiled(device) ? replace(forwardOp, node) : undefined;

/** dT/dx(g, w), or undefined where another kernel must serve. */
export const toInputTiled = (node: Tensor, device: Capabilities): Tensor | undefined =>
  servesTiled(device) ? replace(toInputOp, node) : undefined;

/** Fewest output pixels worth a partial sum of their own. */
const LEAST_SHARE = 128;

/** dT/dw(x, g) as partial sums [B,S,O,C,KH,KW] over parts of a task's output pixels, enough for `workgroups` workgroups. */
export function toWeightTiled(node: Tensor, workgroups: number, device: Capabilities): Tensor | undefined {
  if (!servesTiled(device)) return undefined;
  const [, g] = node.inputs;
  const [tasks, ...weight] = node.shape;
  const product = weightExtents(weight);
  const pixels = (g.shape[0] / tasks) * g.shape[2] * g.shape[3];
  const perPart = tasks * tilesOf(product, tileBySize(product, device.tuning.tiled.weightGrad));
  const parts = Math.min(Math.ceil(pixels / LEAST_SHARE), Math.ceil(workgroups / perPart));
  return replace(toWeightOp, node, [tasks, parts, ...weight]);
}
