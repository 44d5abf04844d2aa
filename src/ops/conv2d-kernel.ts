import type { Capabilities } from '../device/capabilities.ts';
import type { Tensor } from '../graph/tensor.ts';
import { sumKeep } from './broadcast.ts';
import { forwardPortable, toInputPortable, toWeightPortable } from './conv2d-portable.ts';
import { forwardSimd, toInputSimd, toWeightSimd } from './conv2d-simd.ts';
import { reshape } from './movement.ts';

/* Which kernels compute the three faces of convolution on a device. */

/** y(x, w). */
export const conv2dForward = (node: Tensor, device: Capabilities): Tensor =>
  forwardSimd(node, device) ?? forwardPortable(node);

/** dT/dx(g, w). */
export const conv2dToInput = (node: Tensor, device: Capabilities): Tensor =>
  toInputSimd(node, device) ?? toInputPortable(node);

/** dT/dw(x, g): partial sums over parts of the batch, added in a fixed order. */
export function conv2dToWeight(node: Tensor, device: Capabilities): Tensor {
  const workgroups = device.family === 'simd' ? 32 : 512;
  const partial = toWeightSimd(node, workgroups, device) ?? toWeightPortable(node, workgroups);
  return reshape(sumKeep(partial, [0]), node.shape);
}
