import type { Capabilities } from '../device/capabilities.ts';
import { type Kernel, u32 } from '../device/kernel.ts';
import { type ShaderName, shaderSource } from '../device/shader.ts';
import type { Tensor } from '../graph/tensor.ts';
import { planeGrid, tileFor } from './plane-grid.ts';
import type { PoolAttrs } from './window.ts';

/** The four kernels, each for any window and for 2x2 windows side by side. */
type PoolKernel = 'max_pool' | 'max_pool_codes' | 'gather_pool' | 'scatter_pool';

/** All share their dims (planes, input size, output size); the window is constant, so that it becomes straight code. */
function poolKernel(
  kind: PoolKernel,
  node: Tensor,
  image: Tensor,
  pooled: Tensor,
  device: Capabilities,
): Kernel {
  const { kernel, stride, padding } = node.attrs as unknown as PoolAttrs;
  const [n, c, h, w] = image.shape;
  const [, , oh, ow] = pooled.shape;
  const two = (pair: readonly number[]) => pair.every((k) => k === 2);
  const halves = two(kernel) && two(stride) && padding.every((p) => p === 0) && w % 4 === 0;
  // Scattering writes whole windows only, so there must be no row outside of them.
  const byQuads = halves && (kind !== 'scatter_pool' || h === 2 * oh);
  const name: ShaderName = byQuads ? `${kind}_2x2` : kind;
  return {
    name,
    source: shaderSource(name),
    constants: byQuads
      ? tileFor(w / 4, device)
      : {
          ...tileFor(node.shape[3], device),
          KERNEL_H: kernel[0],
          KERNEL_W: kernel[1],
          STRIDE_H: stride[0],
          STRIDE_W: stride[1],
          PADDING_H: padding[0],
          PADDING_W: padding[1],
        },
    dims: [n * c, h, w, oh, ow].map(u32),
    flops: pooled.size * (kind.startsWith('max_pool') ? kernel[0] * kernel[1] : 0),
    grid: planeGrid(n * c, device),
  };
}

/** The greatest element of every window. */
export const maxPoolKernel = (node: Tensor, device: Capabilities): Kernel =>
  poolKernel('max_pool', node, node.inputs[0], node, device);

/** The place of the greatest element in every window. */
export const maxPoolCodesKernel = (node: Tensor, device: Capabilities): Kernel =>
  poolKernel('max_pool_codes', node, node.inputs[0], node, device);

/** The element of every window that its code names. */
export const gatherPoolKernel = (node: Tensor, device: Capabilities): Kernel =>
  poolKernel('gather_pool', node, node.inputs[0], node, device);

/** Every window's value, sent to the place that its code names. */
export const scatterPoolKernel = (node: Tensor, device: Capabilities): Kernel =>
  poolKernel('scatter_pool', node, node, node.inputs[0], device);
