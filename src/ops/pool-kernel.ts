import type { Capabilities } from '../device/capabilities.ts';
import { fillTemplate } from '../device/fill-template.ts';
import { type Kernel, u32 } from '../device/kernel.ts';
import { type ShaderName, shaderSource, unrolledSource } from '../device/shader.ts';
import type { KernelRule } from '../graph/op.ts';
import type { Tensor } from '../graph/tensor.ts';
import { planeGrid } from './plane-grid.ts';
import type { PoolAttrs } from './window.ts';

/** The kernels, each for any window and for 2x2 windows side by side. */
type PoolKernel = 'max_pool' | 'gather_pool' | 'scatter_pool';

interface Geometry {
  readonly name: ShaderName;
  /** Whether windows are 2x2, side by side, and computed two at a time. */
  readonly byQuads: boolean;
  readonly constants: Readonly<Record<string, number>>;
  readonly dims: Readonly<Record<string, number>>;
  readonly grid: Kernel['grid'];
}

/**
 * All share their dims (planes, input size, output size); the window is constant, so that it becomes straight code.
 * @param node one that is computed: its extents are the invocations
 */
function geometry(
  kind: PoolKernel,
  node: Tensor,
  image: Tensor,
  pooled: Tensor,
  device: Capabilities,
): Geometry {
  const { kernel, stride, padding } = node.attrs as unknown as PoolAttrs;
  const [n, c, h, w] = image.shape;
  const [, , oh, ow] = pooled.shape;
  const two = (pair: readonly number[]) => pair.every((k) => k === 2);
  const halves = two(kernel) && two(stride) && padding.every((p) => p === 0) && w % 4 === 0;
  // Scattering writes whole windows only, so there must be no row outside of them.
  const byQuads = halves && (kind !== 'scatter_pool' || h === 2 * oh);
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
  return {
    name: byQuads ? `${kind}_2x2` : kind,
    byQuads,
    constants: { ...tile, ...(!byQuads && window) },
    dims: { planes: n * c, h, w, oh, ow },
    grid,
  };
}

/** Which results of max pooling are written. */
interface Written {
  readonly VALUES: number;
  readonly CODES: number;
}

/** Max pooling of an image that is computed while it is read. */
const maxPool =
  (written: Written): KernelRule =>
  (node, device, input) => {
    const [image] = node.inputs;
    const { name, byQuads, constants, dims, grid } = geometry('max_pool', node, image, node, device);
    const { read, bindings, words, operations, ...parts } = input(byQuads, {
      ...dims,
      channels: image.shape[1],
    });
    const reads: Record<string, string> = byQuads
      ? { read_top: read('a', 'top'), read_bottom: read('b', 'top + quads') }
      : { read: read('value', 'r * dims.w + c_in') };
    const { kernel } = node.attrs as unknown as PoolAttrs;
    return {
      name,
      source: fillTemplate(unrolledSource(name, { ...constants, ...written, INPUTS: bindings }), {
        ...parts,
        ...reads,
      }),
      constants: {},
      dims: words,
      flops: node.size * kernel[0] * kernel[1] + image.size * operations,
      grid,
    };
  };

/** Whether every element is read at most once, so that computing it in place is not computing it twice. */
export const windowsApart = (node: Tensor): boolean => {
  const { kernel, stride } = node.attrs as unknown as PoolAttrs;
  return kernel.every((k, axis) => k <= stride[axis]);
};

/** The greatest element of every window. */
export const maxPoolKernel = maxPool({ VALUES: 1, CODES: 0 });

/** The place of the greatest element in every window. */
export const maxPoolCodesKernel = maxPool({ VALUES: 0, CODES: 1 });

/** Both of these, in this order. */
export const maxPoolBothKernel = maxPool({ VALUES: 1, CODES: 1 });

/** A kernel over what codes refer to. */
function codedKernel(
  kind: 'gather_pool' | 'scatter_pool',
  node: Tensor,
  image: Tensor,
  pooled: Tensor,
  device: Capabilities,
): Kernel {
  const { name, constants, dims, grid } = geometry(kind, node, image, pooled, device);
  return { name, source: shaderSource(name), constants, dims: Object.values(dims).map(u32), flops: 0, grid };
}

/** The element of every window that its code names. */
export const gatherPoolKernel = (node: Tensor, device: Capabilities): Kernel =>
  codedKernel('gather_pool', node, node.inputs[0], node, device);

/** Every window's value, sent to the place that its code names. */
export const scatterPoolKernel = (node: Tensor, device: Capabilities): Kernel =>
  codedKernel('scatter_pool', node, node, node.inputs[0], device);
