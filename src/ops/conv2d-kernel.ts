import type { Capabilities } from '../device/capabilities.ts';
import type { Shape } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';
import { sumKeep } from './broadcast.ts';
import { forwardPortable, toInputPortable, toWeightPortable } from './conv2d-portable.ts';
import { forwardSimd, toInputSimd, toWeightSimd } from './conv2d-simd.ts';
import { forwardTiled, toInputTiled, toWeightTiled } from './conv2d-tiled.ts';
import { reshape } from './movement.ts';

/*
 * Which kernels compute the three faces of convolution on a device. To them every weight is a list of tasks' weights,
 * [B,O,C,KH,KW].
 */

const asList = (shape: Shape): Shape => (shape.length === 5 ? shape : [1, ...shape]);

/** The node of a face that takes a weight, with a list of weights. */
function withList({ op, inputs: [images, w], attrs, shape }: Tensor): Tensor {
  return new Tensor(op, [images, reshape(w, asList(w.shape))], attrs, shape, 'f32');
}

/** y(x, w). */
export function conv2dForward(node: Tensor, device: Capabilities): Tensor {
  const listed = withList(node);
  return forwardSimd(listed, device) ?? forwardTiled(listed, device) ?? forwardPortable(listed);
}

/** dT/dx(g, w). */
export function conv2dToInput(node: Tensor, device: Capabilities): Tensor {
  const listed = withList(node);
  return toInputSimd(listed, device) ?? toInputTiled(listed, device) ?? toInputPortable(listed);
}

/** dT/dw(x, g): partial sums over parts of every task's images, added in a fixed order. */
export function conv2dToWeight(node: Tensor, device: Capabilities): Tensor {
  const { weightGradWorkgroups } = device.tuning[device.family];
  const listed = new Tensor(node.op, node.inputs, node.attrs, asList(node.shape), 'f32');
  const partial =
    toWeightSimd(listed, weightGradWorkgroups, device) ??
    toWeightTiled(listed, weightGradWorkgroups, device) ??
    toWeightPortable(listed, weightGradWorkgroups);
  return reshape(sumKeep(partial, [1]), node.shape);
}
