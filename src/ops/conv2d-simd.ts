import type { Capabilities } from '../device/capabilities.ts';
import { foldGrid } from '../device/grid.ts';
import { type Kernel, u32 } from '../device/kernel.ts';
import { type ShaderName, unrolledSource } from '../device/shader.ts';
import { sizeOf } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';
import { pixelTile, rowGroups, splitOf } from './conv2d-simd-tiles.ts';
import { forwardByPhases, toInputByPhases, toWeightByPhases } from './conv2d-strided.ts';
import { kernelOp } from './kernel-op.ts';
import { flip, pad, permute } from './movement.ts';
import type { Conv2dAttrs } from './window.ts';

/*
 * Convolution on processors: one subgroup per workgroup, weights broadcast from lanes. The kernels have stride 1, others are
 * cut into phases for them. The input gradient is a forward convolution by the flipped weights, so one kernel serves both.
 */

/** Rows of pixels that a lane of the weight gradient computes at a time; `tuning` has those of the aligned kernel. */
const WEIGHT_ROWS = 2;
/** Larger kernels would unroll into too much code. */
const LARGEST_KERNEL = 25;
/** Output channels per lane of the weight gradient, and input channels per workgroup (fewer where kernels are large). */
const GROUPS = 2;
const channelsFor = (c: number, kh: number, kw: number): number => (kh * kw > 9 ? 1 : Math.min(c, 4));
/** Output channels per workgroup of the aligned kernel. */
const OUTPUTS = 8;

const unrolled = (
  name: ShaderName,
  constants: Record<string, number>,
): Pick<Kernel, 'name' | 'source' | 'constants'> => ({
  name,
  source: unrolledSource(name, constants),
  constants: {},
});

/** Pixels that are loaded at a time: as many as rows of all these widths are made of. */
const spanOf = (...widths: readonly number[]): number =>
  [4, 2].find((span) => widths.every((w) => w % span === 0)) ?? 1;

/** 3x3 with padding 1 and rows of several whole vectors: the common case, and the fastest. */
const aligned3x3 = kernelOp('conv2dSimd', [0, 1], (node, { lanes, maxGrid, tuning }) => {
  const ROWS = tuning.simd.convolutionRows;
  const [x, packed] = node.inputs;
  const [tasks] = packed.shape;
  const [images, c, h, w] = x.shape;
  const n = images / tasks;
  const o = node.shape[1];
  const quads = w / 4;
  return {
    ...unrolled('conv2d_simd', { LANES: lanes, ROWS, EDGES: lanes % quads === 0 ? 0 : 1, SPLIT: splitOf(c) }),
    dims: [n, c, h, w, o].map(u32),
    flops: 2 * sizeOf(node.shape) * c * 9,
    grid: [
      ...foldGrid(Math.ceil((n * Math.ceil(h / ROWS) * quads) / lanes), maxGrid),
      Math.ceil(o / OUTPUTS) * tasks,
    ],
  };
});

/** Any kernel, padding and extents. */
const general = kernelOp('conv2dSimdPixels', [0, 1], (node, { lanes, maxGrid, tuning }) => {
  const [x, packed] = node.inputs;
  const [tasks, , kh, kw] = packed.shape;
  const [images, c, h, w] = x.shape;
  const [, o, oh, ow] = node.shape;
  const n = images / tasks;
  const { groups, rows, columns } = pixelTile({ o, w, oh, ow, kh, kw }, lanes, tuning.simd.loopBody);
  const whole = columns === ow;
  const constants = {
    LANES: lanes,
    GROUPS: groups,
    ROWS: rows,
    COLUMNS: columns,
    KH: kh,
    KW: kw,
    PAD: node.attrs.padding as number,
    WHOLE: Number(whole),
    W: whole ? w : 0,
    SPAN: whole ? spanOf(w) : 1,
    SPLIT: splitOf(c),
  };
  return {
    ...unrolled('conv2d_simd_pixels', constants),
    dims: [n, c, h, w, o, oh, ow].map(u32),
    flops: 2 * sizeOf(node.shape) * c * kh * kw,
    grid: [
      ...foldGrid(n * Math.ceil(oh / rows) * Math.ceil(ow / columns), maxGrid),
      Math.ceil(o / (groups * lanes)) * tasks,
    ],
  };
});

const weightGradOp = kernelOp('conv2dWeightGradSimd', [0, 1], (node, { lanes }) => {
  const [x, g] = node.inputs;
  const [tasks, parts, o, c, kh, kw] = node.shape;
  const [images, ...image] = x.shape;
  const [, , oh, ow] = g.shape;
  const padding = node.attrs.padding as number;
  const CHANNELS = channelsFor(c, kh, kw);
  const aligned = x.shape[3] % 4 === 0 && ow % 4 === 0;
  const constants = {
    LANES: lanes,
    ROWS: WEIGHT_ROWS,
    GROUPS,
    CHANNELS,
    KH: kh,
    KW: kw,
    ALIGNED: Number(aligned),
    SHIFT: (4 - (padding % 4)) % 4,
  };
  return {
    ...unrolled('conv2d_weight_grad_simd', constants),
    dims: [images / tasks, ...image, o, oh, ow, padding, parts].map(u32),
    flops: 2 * sizeOf(g.shape) * c * kh * kw,
    grid: [Math.ceil(c / CHANNELS), Math.ceil(o / (GROUPS * lanes)), tasks * parts],
  };
});

/** Narrow maps, whose rows are unrolled; "groups" output channels to a lane. */
const weightGradRowsOp = kernelOp('conv2dWeightGradSimdRows', [0, 1], (node, { lanes }) => {
  const [x, g] = node.inputs;
  const [tasks, parts, o, c, kh, kw] = node.shape;
  const [images, , h, w] = x.shape;
  const [, , oh, ow] = g.shape;
  const groups = node.attrs.groups as number;
  const constants = {
    LANES: lanes,
    GROUPS: groups,
    KH: kh,
    KW: kw,
    PAD: node.attrs.padding as number,
    W: w,
    OW: ow,
    SPAN: spanOf(w, ow),
  };
  return {
    ...unrolled('conv2d_weight_grad_simd_rows', constants),
    dims: [images / tasks, c, h, o, oh, parts].map(u32),
    flops: 2 * sizeOf(g.shape) * c * kh * kw,
    grid: [Math.ceil(c / lanes), Math.ceil(o / (groups * lanes)), tasks * parts],
  };
});

/** The correlation of x with the tasks' weights packed as [B,C,KH,KW,O]. */
function correlate(x: Tensor, packed: Tensor, padding: number, shape: readonly number[]): Tensor {
  const [, , kh, kw, o] = packed.shape;
  // Four weights are read at a time, so output channels are filled up with zeros.
  const filled = pad(packed, [0, 0, 0, 0, 0], [0, 0, 0, 0, (4 - (o % 4)) % 4]);
  if (kh === 3 && kw === 3 && padding === 1 && x.shape[3] % 4 === 0 && x.shape[3] > 4)
    return new Tensor(aligned3x3, [x, filled], {}, shape, 'f32');
  return new Tensor(general, [x, filled], { padding }, shape, 'f32');
}

/** Whether these kernels serve a convolution with weights [B,O,C,KH,KW] on the device. */
const serves = (weight: readonly number[], device: Capabilities): boolean =>
  device.family === 'simd' && device.subgroups && weight[3] * weight[4] <= LARGEST_KERNEL;

const attrsOf = (node: Tensor): Conv2dAttrs => node.attrs as unknown as Conv2dAttrs;

/** y(x, w), or undefined where another kernel must serve. */
export function forwardSimd(node: Tensor, device: Capabilities): Tensor | undefined {
  const [x, w] = node.inputs;
  if (!serves(w.shape, device)) return undefined;
  const attrs = attrsOf(node);
  if (attrs.stride > 1) return forwardByPhases(node, attrs, (inner) => forwardSimd(inner, device));
  return correlate(x, permute(w, [0, 2, 3, 4, 1]), attrs.padding, node.shape);
}

/** dT/dx(g, w): g correlated with the flipped weights, input and output channels exchanged. */
export function toInputSimd(node: Tensor, device: Capabilities): Tensor | undefined {
  const [g, w] = node.inputs;
  const [, , , kh, kw] = w.shape;
  if (kh !== kw || !serves(w.shape, device)) return undefined;
  const attrs = attrsOf(node);
  if (attrs.stride > 1) return toInputByPhases(node, attrs, (inner) => toInputSimd(inner, device));
  const padding = kh - 1 - attrs.padding;
  if (padding < 0) return undefined;
  return correlate(g, permute(flip(w, [3, 4]), [0, 1, 3, 4, 2]), padding, node.shape);
}

/** dT/dw(x, g) as partial sums [B,S,O,C,KH,KW], enough of them for `workgroups` workgroups. */
export function toWeightSimd(node: Tensor, workgroups: number, device: Capabilities): Tensor | undefined {
  const [x, g] = node.inputs;
  const [tasks, ...weight] = node.shape;
  const [o, c, kh, kw] = weight;
  if (!serves(node.shape, device)) return undefined;
  const attrs = attrsOf(node);
  if (attrs.stride > 1)
    return toWeightByPhases(node, attrs, (inner) => toWeightSimd(inner, workgroups, device));
  const images = x.shape[0] / tasks;
  const [, , oh, ow] = g.shape;
  const partsFor = (most: number, tiles: number) => Math.min(most, Math.ceil(workgroups / (tasks * tiles)));
  const extents = { o, w: x.shape[3], oh, ow, kh, kw };
  const groups = rowGroups(extents, c, device.lanes, device.tuning.simd.loopBody);
  if (groups !== undefined) {
    const parts = partsFor(images, Math.ceil(c / device.lanes) * Math.ceil(o / (groups * device.lanes)));
    return new Tensor(weightGradRowsOp, node.inputs, { ...attrs, groups }, [tasks, parts, ...weight], 'f32');
  }
  const tiles = Math.ceil(c / channelsFor(c, kh, kw)) * Math.ceil(o / (GROUPS * device.lanes));
  const parts = partsFor(images * Math.ceil(oh / WEIGHT_ROWS), tiles);
  return new Tensor(weightGradOp, node.inputs, node.attrs, [tasks, parts, ...weight], 'f32');
}
