import type { Capabilities } from '../device/capabilities.ts';
import { type Kernel, u32 } from '../device/kernel.ts';
import { type ShaderName, shaderSource } from '../device/shader.ts';
import type { Shape } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';
import { sumKeep } from './broadcast.ts';
import type { Conv2dAttrs } from './conv2d.ts';
import { kernelOp } from './kernel-op.ts';
import { reshape } from './movement.ts';

/*
 * How the three faces of convolution become kernels. x [N,C,H,W] is the image side, g [N,O,OH,OW] the output side,
 * w [O,C,KH,KW] the weight, whichever of them is being computed.
 */

interface Sides {
  readonly x: { readonly shape: Shape };
  readonly w: { readonly shape: Shape };
  readonly g: { readonly shape: Shape };
}

const WORKGROUP = 64;
/** Pixels (or weight entries) per invocation and output channels per workgroup of the portable kernels. */
const PIXELS = 4;
const CHANNELS = 8;

/** The dims that all portable convolution kernels share. */
const sizes = ({ x, w, g }: Sides, padding: number): number[] => [
  ...x.shape,
  g.shape[1],
  g.shape[2],
  g.shape[3],
  w.shape[2],
  w.shape[3],
  padding,
];

function portable(
  name: ShaderName,
  sides: Sides,
  node: Tensor,
  extra: readonly number[],
  work: { pixels: number; channels: number; parts?: number },
): Kernel {
  const { stride, padding } = node.attrs as unknown as Conv2dAttrs;
  return {
    name,
    source: shaderSource(name),
    constants: { WORKGROUP, STRIDE: stride },
    dims: [...sizes(sides, padding), ...extra].map(u32),
    grid: [
      Math.ceil(work.pixels / (PIXELS * WORKGROUP)),
      Math.ceil(work.channels / CHANNELS),
      work.parts ?? 1,
    ],
  };
}

const plane = (t: Tensor): number => t.shape[0] * t.shape[2] * t.shape[3];

const forwardPortable = kernelOp('conv2dPortable', (node) => {
  const [x, w] = node.inputs;
  return portable('conv2d', { x, w, g: node }, node, [], { pixels: plane(node), channels: node.shape[1] });
});

const toInputPortable = kernelOp('conv2dInputGradPortable', (node) => {
  const [g, w] = node.inputs;
  return portable('conv2d_input_grad', { x: node, w, g }, node, [], {
    pixels: plane(node),
    channels: node.shape[1],
  });
});

/** Partial sums [S,O,C,KH,KW] over parts of the batch. */
const toWeightPortable = kernelOp('conv2dWeightGradPortable', (node) => {
  const [x, g] = node.inputs;
  const [parts, o, c, kh, kw] = node.shape;
  const w = { shape: node.shape.slice(1) };
  return portable('conv2d_weight_grad', { x, w, g }, node, [parts], {
    pixels: c * kh * kw,
    channels: o,
    parts,
  });
});

/** y(x, w): the node conv2d becomes on this device. */
export const conv2dForward = (node: Tensor): Tensor =>
  new Tensor(forwardPortable, node.inputs, node.attrs, node.shape, 'f32');

/** dT/dx(g, w). */
export const conv2dToInput = (node: Tensor): Tensor =>
  new Tensor(toInputPortable, node.inputs, node.attrs, node.shape, 'f32');

/** dT/dw(x, g): partial sums over parts of the batch, added in a fixed order. */
export function conv2dToWeight(node: Tensor, device: Capabilities): Tensor {
  const [o, c, kh, kw] = node.shape;
  const batch = node.inputs[0].shape[0];
  const wanted = device.family === 'simd' ? 16 : 512;
  const workgroups = Math.ceil((c * kh * kw) / (PIXELS * WORKGROUP)) * Math.ceil(o / CHANNELS);
  const parts = Math.max(1, Math.min(batch, Math.ceil(wanted / workgroups)));
  const partial = new Tensor(toWeightPortable, node.inputs, node.attrs, [parts, ...node.shape], 'f32');
  return reshape(sumKeep(partial, [0]), node.shape);
}
