import { Tensor } from '../graph/tensor.ts';
import { pad, permute, reshape, slice } from './movement.ts';
import type { Conv2dAttrs } from './window.ts';

/*
 * A convolution with stride s as one without. Row s i + r of the padded image is row i of phase r; along either axis
 *   y[i] = sum over a of w[a] x[s i + a - padding] = sum over r, a' of w[s a' + r] x_r[i + a'],
 * which is a convolution of s s times as many channels by kernels of an s-th of the extents, filled up with zeros.
 */

/** How the axes of a strided convolution are cut into phases. */
interface Phases extends Conv2dAttrs {
  /** Extents of the image. */
  readonly image: readonly [number, number];
  /** Extents of the kernel. */
  readonly kernel: readonly [number, number];
  /** Extents of the kernel of a phase. */
  readonly part: readonly [number, number];
  /** Extents of a phase of the image: as much as its windows cover. */
  readonly phase: readonly [number, number];
}

function phasesOf(
  [, , h, w]: readonly number[],
  weight: readonly number[],
  [, , oh, ow]: readonly number[],
  { stride, padding }: Conv2dAttrs,
): Phases {
  const [kh, kw] = weight.slice(-2);
  const part = [Math.ceil(kh / stride), Math.ceil(kw / stride)] as const;
  return {
    stride,
    padding,
    image: [h, w],
    kernel: [kh, kw],
    part,
    phase: [oh + part[0] - 1, ow + part[1] - 1],
  };
}

/** The first `extents` of the last two axes, filled up with zeros; `before` zeros go in front. */
function fit(x: Tensor, before: number, extents: readonly number[]): Tensor {
  const lead = x.rank - 2;
  const last = (n: (axis: number) => number) => x.shape.map((_, d) => (d < lead ? 0 : n(d - lead)));
  const missing = (axis: number) => Math.max(0, extents[axis] - before - x.shape[lead + axis]);
  const filled = pad(
    x,
    last(() => before),
    last(missing),
  );
  return slice(filled, [], [...x.shape.slice(0, lead), ...extents]);
}

const scaled = (extents: readonly number[], stride: number): number[] => extents.map((n) => n * stride);

/** [..., s H, s W] -> [..., s, s, H, W], the phases made channels: the axis before is multiplied. */
function split(x: Tensor, [h, w]: readonly [number, number], s: number): Tensor {
  const lead = x.shape.slice(0, -2);
  const d = lead.length;
  const cut = reshape(x, [...lead, h, s, w, s]);
  const phases = permute(cut, [...lead.keys(), d + 1, d + 3, d, d + 2]);
  return reshape(phases, [...lead.slice(0, -1), lead[d - 1] * s * s, h, w]);
}

/** Undoes `split`. */
function join(x: Tensor, s: number): Tensor {
  const [h, w] = x.shape.slice(-2);
  const lead = [...x.shape.slice(0, -3), x.shape[x.rank - 3] / (s * s)];
  const d = lead.length;
  const phases = reshape(x, [...lead, s, s, h, w]);
  const cut = permute(phases, [...lead.keys(), d + 2, d, d + 3, d + 1]);
  return reshape(cut, [...lead, h * s, w * s]);
}

const imagePhases = (x: Tensor, { padding, phase, stride }: Phases): Tensor =>
  split(fit(x, padding, scaled(phase, stride)), phase, stride);

const weightPhases = (w: Tensor, { part, stride }: Phases): Tensor =>
  split(fit(w, 0, scaled(part, stride)), part, stride);

const unstrided: Conv2dAttrs = { stride: 1, padding: 0 };

/** A face of a convolution of stride 1, where there is one for it. */
type Face = (node: Tensor) => Tensor | undefined;

/** y(x, w), with weights [B,O,C,KH,KW], by a face without stride. */
export function forwardByPhases(node: Tensor, attrs: Conv2dAttrs, face: Face): Tensor | undefined {
  const [x, w] = node.inputs;
  const phases = phasesOf(x.shape, w.shape, node.shape, attrs);
  const inputs = [imagePhases(x, phases), weightPhases(w, phases)];
  return face(new Tensor(node.op, inputs, { ...unstrided }, node.shape, 'f32'));
}

/** dT/dx(g, w), by a face without stride. */
export function toInputByPhases(node: Tensor, attrs: Conv2dAttrs, face: Face): Tensor | undefined {
  const [g, w] = node.inputs;
  const phases = phasesOf(node.shape, w.shape, g.shape, attrs);
  const { stride, padding, phase, image } = phases;
  const shape = [node.shape[0], node.shape[1] * stride ** 2, ...phase];
  const inner = face(new Tensor(node.op, [g, weightPhases(w, phases)], { ...unstrided }, shape, 'f32'));
  if (inner === undefined) return undefined;
  const whole = fit(join(inner, stride), 0, [image[0] + padding, image[1] + padding]);
  return slice(whole, [0, 0, padding, padding]);
}

/** dT/dw(x, g) as partial sums [B,S,O,C,KH,KW], by a face without stride. */
export function toWeightByPhases(node: Tensor, attrs: Conv2dAttrs, face: Face): Tensor | undefined {
  const [x, g] = node.inputs;
  const phases = phasesOf(x.shape, node.shape, g.shape, attrs);
  const { stride, kernel, part } = phases;
  const [tasks, o, c] = node.shape;
  const shape = [tasks, o, c * stride ** 2, ...part];
  const inner = face(new Tensor(node.op, [imagePhases(x, phases), g], { ...unstrided }, shape, 'f32'));
  return inner && fit(join(inner, stride), 0, kernel);
}
