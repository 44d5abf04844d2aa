import type { Capabilities } from '../device/capabilities.ts';
import { foldGrid } from '../device/grid.ts';
import { type Kernel, u32 } from '../device/kernel.ts';
import { type ShaderName, shaderSource } from '../device/shader.ts';
import { type Shape, sizeOf } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';
import { kernelOp } from './kernel-op.ts';
import type { Conv2dAttrs } from './window.ts';

/*
 * Convolution kernels that need nothing but WebGPU: any stride, padding and kernel. x [B*N,C,H,W] is the image side,
 * g [B*N,O,OH,OW] the output side, w [B,O,C,KH,KW] the weights of B tasks, whichever of them is being computed.
 */

interface Sides {
  readonly x: { readonly shape: Shape };
  readonly w: { readonly shape: Shape };
  readonly g: { readonly shape: Shape };
}

const WORKGROUP = 64;
/** Pixels (or weight entries) per invocation and output channels per workgroup. */
const PIXELS = 4;
const CHANNELS = 8;

function kernel(
  name: ShaderName,
  { x, w, g }: Sides,
  attrs: Conv2dAttrs,
  grid: Kernel['grid'],
  parts: readonly number[] = [],
): Kernel {
  const [tasks, , , kh, kw] = w.shape;
  const [images, ...image] = x.shape;
  const sizes = [images / tasks, ...image, ...g.shape.slice(1), kh, kw, attrs.padding];
  return {
    name,
    source: shaderSource(name),
    constants: { WORKGROUP, STRIDE: attrs.stride },
    dims: [...sizes, ...parts].map(u32),
    flops: 2 * sizeOf(g.shape) * sizeOf(w.shape.slice(2)),
    grid,
  };
}

const attrsOf = (node: Tensor): Conv2dAttrs => node.attrs as unknown as Conv2dAttrs;
const groups = (pixels: number): number => Math.ceil(pixels / (PIXELS * WORKGROUP));

/** The grid of a kernel that computes images [B*N,C,H,W]. */
const imageGrid = (
  { shape: [n, c, h, w] }: Tensor,
  tasks: number,
  { maxGrid }: Capabilities,
): Kernel['grid'] => [...foldGrid(groups((n / tasks) * h * w), maxGrid), Math.ceil(c / CHANNELS) * tasks];

const forwardOp = kernelOp('conv2dPortable', [0, 1], (node, device) => {
  const [x, w] = node.inputs;
  return kernel('conv2d', { x, w, g: node }, attrsOf(node), imageGrid(node, w.shape[0], device));
});

const toInputOp = kernelOp('conv2dInputGradPortable', [0, 1], (node, device) => {
  const [g, w] = node.inputs;
  return kernel('conv2d_input_grad', { x: node, w, g }, attrsOf(node), imageGrid(node, w.shape[0], device));
});

const toWeightOp = kernelOp('conv2dWeightGradPortable', [0, 1], (node) => {
  const [x, g] = node.inputs;
  const [tasks, parts, o, c, kh, kw] = node.shape;
  const w = { shape: [tasks, o, c, kh, kw] };
  const grid = [groups(c * kh * kw), Math.ceil(o / CHANNELS), tasks * parts] as const;
  return kernel('conv2d_weight_grad', { x, w, g }, attrsOf(node), grid, [parts]);
});

const replace = (op: typeof forwardOp, node: Tensor, shape = node.shape): Tensor =>
  new Tensor(op, node.inputs, node.attrs, shape, 'f32');

/** y(x, w). */
export const forwardPortable = (node: Tensor): Tensor => replace(forwardOp, node);

/** dT/dx(g, w). */
export const toInputPortable = (node: Tensor): Tensor => replace(toInputOp, node);

/** dT/dw(x, g) as partial sums [B,S,O,C,KH,KW] over parts of a task's images, enough of them for `workgroups` workgroups. */
export function toWeightPortable(node: Tensor, workgroups: number): Tensor {
  const [tasks, ...weight] = node.shape;
  const [o, c, kh, kw] = weight;
  const images = node.inputs[0].shape[0] / tasks;
  const perPart = tasks * groups(c * kh * kw) * Math.ceil(o / CHANNELS);
  const parts = Math.min(images, Math.ceil(workgroups / perPart));
  return replace(toWeightOp, node, [tasks, parts, ...weight]);
}
