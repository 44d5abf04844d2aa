import type { Capabilities } from '../device/capabilities.ts';
import { type Kernel, u32 } from '../device/kernel.ts';
import { type ShaderName, shaderSource, unrolledSource } from '../device/shader.ts';
import type { Tensor } from '../graph/tensor.ts';
import { planeGrid } from './plane-grid.ts';
import type { PoolAttrs } from './window.ts';

/** The kernels, each for any window and for 2x2 windows side by side. */
type PoolKernel = 'max_pool' | 'gather_pool' | 'scatter_pool';

/** Which results of max pooling are written. */
interface Written {
  readonly VALUES: number;
  readonly CODES: number;
}

/**
 * All share their dims (planes, input size, output size); the window is constant, so that it becomes straight code.
 * @param node one that is computed: its extents are the invocations
 */
function poolKernel(
  kind: PoolKernel,
  node: Tensor,
  image: Tensor,
  pooled: Tensor,
  device: Capabilities,
  written?: Written,
): Kernel {
  const { kernel, stride, padding } = node.attrs as unknown as PoolAttrs;
  const [n, c, h, w] = image.shape;
  const [, , oh, ow] = pooled.shape;
  const two = (pair: readonly number[]) => pair.every((k) => k === 2);
  const halves = two(kernel) && two(stride) && padding.every((p) => p === 0) && w % 4 === 0;
  // Scattering writes whole windows only, so there must be no row outside of them.
  const byQuads = halves && (kind !== 'scatter_pool' || h === 2 * oh);
  const name: ShaderName = byQuads ? `${kind}_2x2` : kind;
  const { constants: tile, grid } = byQuads
    ? planeGrid(n * c, oh, w / 4, device)
    : planeGrid(n * c, node.shape[2], node.shape[3], device);
  const window = {
    KERNEL_H: kernel[0],
    KERNEL_W: kernel[1],
    STRIDE_H: stride[0],
    STRIDE_W: stride[1],
    PADDING_H: padding[0],
    PADDING_W: padding[1],
  };
  const constants = { ...tile, ...(!byQuads && window) };
  return {
    name,
    ...(written === undefined
      ? { source: shaderSource(name), constants }
      : { source: unrolledSource(name, { ...constants, ...written }), constants: {} }),
    dims: [n * c, h, w, oh, ow].map(u32),
    flops: kind === 'max_pool' ? pooled.size * kernel[0] * kernel[1] : 0,
    grid,
  };
}

/** The greatest element of every window. */
export const maxPoolKernel = (node: Tensor, device: Capabilities): Kernel =>
  poolKernel('max_pool', node, node.inputs[0], node, device, { VALUES: 1, CODES: 0 });

/** The place of the greatest element in every window. */
export const maxPoolCodesKernel = (node: Tensor, device: Capabilities): Kernel =>
  poolKernel('max_pool', node, node.inputs[0], node, device, { VALUES: 0, CODES: 1 });

/** Both of these, in this order. */
export const maxPoolBothKernel = (node: Tensor, device: Capabilities): Kernel =>
  poolKernel('max_pool', node, node.inputs[0], node, device, { VALUES: 1, CODES: 1 });

/** The element of every window that its code names. */
export const gatherPoolKernel = (node: Tensor, device: Capabilities): Kernel =>
  poolKernel('gather_pool', node, node.inputs[0], node, device);

/** Every window's value, sent to the place that its code names. */
export const scatterPoolKernel = (node: Tensor, device: Capabilities): Kernel =>
  poolKernel('scatter_pool', node, node, node.inputs[0], device);
