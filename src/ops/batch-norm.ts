import type { Op } from '../graph/op.ts';
import { type Shape, showShape } from '../graph/shape.ts';
import { ones, zeros } from '../graph/source.ts';
import { Tensor } from '../graph/tensor.ts';
import { batchApart } from './batch.ts';
import { sum, sumKeep } from './broadcast.ts';
import { add, div, maximum, mul, neg, rsqrt, square, sub } from './elementwise.ts';
import { reshape, slice, stopGradient } from './movement.ts';

/*
 * Batch normalisation over everything but the channels. Per channel over M elements, with r = 1/sqrt(var + eps) and
 * x^ = (x - mean) r, y = gamma x^ + beta and
 *   dx = gamma r (dy - mean(dy) - x^ mean(dy x^)),   dgamma = sum(dy x^),   dbeta = sum(dy).
 * Differentiating dx gives itself (it is symmetric in dy) and one more form, `secondGrad`. Written this way, forward,
 * backward and double backward each need one pass of sums and one elementwise pass, besides that over a few images for the
 * centre of the statistics, which they share; the automatic derivative of the composition would need many more.
 *
 * x is [N,C,...] and the vectors over channels [C], both behind any number of task axes, each task having statistics of
 * its own: so the number of axes of a vector says which axis of x holds the channels.
 */

interface NormAttrs {
  readonly eps: number;
}

const epsOf = (node: Tensor): number => (node.attrs as unknown as NormAttrs).eps;

/** All axes but the tasks' and the channels'; `channels` is the channels' axis. */
const normAxes = (x: Tensor, channels: number): number[] =>
  x.shape.map((_, d) => d).filter((d) => d === channels - 1 || d > channels);

/** A vector over channels as a tensor that broadcasts against x. */
const perChannel = (v: Tensor, x: Tensor): Tensor =>
  reshape(
    v,
    x.shape.map((n, d) => (d < v.rank - 1 || d === v.rank ? n : 1)),
  );

/** Mean of each channel, [1,C,1,...]. */
const meanKeep = (x: Tensor, channels: number): Tensor => {
  const axes = normAxes(x, channels);
  return div(
    sumKeep(x, axes),
    axes.reduce((n, d) => n * x.shape[d], 1),
  );
};

/** One image of so many, at least one, gives the centre of the moments. */
const SAMPLED = 16;

/**
 * Mean and biased variance of each channel, [1,C,1,...], in one pass: the means of the differences from a centre K and of
 * their squares, m1 and m2, give mean = K + m1 and variance = m2 - m1^2 (Chan, Golub & LeVeque 1983). What cancels in the
 * latter is (K - mean)^2 / variance. K is the mean of the first images, 1 of 16 of them: since these are part of what the
 * variance is of, that ratio is at most 16, however different they are from the others.
 */
function moments(x: Tensor, channels: number): { mean: Tensor; variance: Tensor } {
  const images = x.shape[channels - 1];
  const sample = x.shape.map((n, d) => (d === channels - 1 ? Math.ceil(images / SAMPLED) : n));
  const centre = stopGradient(meanKeep(slice(x, [], sample), channels));
  const shifted = sub(x, centre);
  const [m1, m2] = [shifted, square(shifted)].map((t) => meanKeep(t, channels));
  const variance = sub(m2, square(m1));
  // Rounding may leave less than 0, which is raised without a kink: a channel of equal numbers has derivatives too.
  return { mean: add(centre, m1), variance: add(variance, stopGradient(maximum(neg(variance), 0))) };
}

/** x^ and r of the formulas above. */
function normalise(x: Tensor, channels: number, eps: number): { xHat: Tensor; r: Tensor } {
  const { mean, variance } = moments(x, channels);
  const r = rsqrt(add(variance, eps));
  return { xHat: mul(sub(x, mean), r), r };
}

const forwardOp: Op = {
  name: 'batchNorm',
  vjp: (node, dy) => {
    const [x, gamma] = node.inputs;
    return [
      inputGrad(x, gamma, dy, epsOf(node)),
      gammaGrad(x, gamma.shape, dy, epsOf(node)),
      sum(dy, normAxes(x, gamma.rank)),
    ];
  },
  lowering: {
    kind: 'expand',
    expand: (node) => {
      const [x, gamma, beta] = node.inputs;
      const { xHat } = normalise(x, gamma.rank, epsOf(node));
      return add(mul(xHat, perChannel(gamma, x)), perChannel(beta, x));
    },
    batch: batchApart,
  },
};

/** dx(x, gamma, dy) = gamma r (dy - mean(dy) - x^ mean(dy x^)), linear and symmetric in dy. */
const inputGradOp: Op = {
  name: 'batchNormInputGrad',
  vjp: (node, u) => {
    const [x, gamma, dy] = node.inputs;
    const eps = epsOf(node);
    const unit = inputGrad(x, ones(gamma.shape), dy, eps);
    return [
      secondGrad(x, gamma, dy, u, eps),
      sum(mul(u, unit), normAxes(x, gamma.rank)),
      inputGrad(x, gamma, u, eps),
    ];
  },
  lowering: {
    kind: 'expand',
    expand: (node) => {
      const [x, gamma, dy] = node.inputs;
      const { xHat, r } = normalise(x, gamma.rank, epsOf(node));
      const [B, D] = [dy, mul(dy, xHat)].map((t) => meanKeep(t, gamma.rank));
      const centred = sub(sub(dy, B), mul(xHat, D));
      return mul(mul(perChannel(gamma, x), r), centred);
    },
    batch: batchApart,
  },
};

/** dgamma(x, dy) = sum(dy x^). */
const gammaGradOp: Op = {
  name: 'batchNormGammaGrad',
  vjp: (node, a) => {
    const [x, dy] = node.inputs;
    return [inputGrad(x, a, dy, epsOf(node)), forward(x, a, zeros(a.shape), epsOf(node))];
  },
  lowering: {
    kind: 'expand',
    expand: (node) => {
      const [x, dy] = node.inputs;
      const { xHat } = normalise(x, node.rank, epsOf(node));
      return sum(mul(dy, xHat), normAxes(x, node.rank));
    },
    batch: batchApart,
  },
};

/**
 * The derivative of <u, dx(x, gamma, dy)> by x: with A = mean(u), B = mean(dy), C = mean(u x^), D = mean(dy x^) and
 * E = mean(u dy), gamma r^2 [x^ (AB - E + 3CD) + C (B - dy) + D (A - u)].
 */
const secondGradOp: Op = {
  name: 'batchNormSecondGrad',
  vjp: 'expansion',
  lowering: {
    kind: 'expand',
    expand: (node) => {
      const [x, gamma, dy, u] = node.inputs;
      const { xHat, r } = normalise(x, gamma.rank, epsOf(node));
      const [A, B, C, D, E] = [u, dy, mul(u, xHat), mul(dy, xHat), mul(u, dy)].map((t) =>
        meanKeep(t, gamma.rank),
      );
      const slope = add(sub(mul(A, B), E), mul(mul(C, D), 3));
      const inner = add(add(mul(xHat, slope), mul(C, sub(B, dy))), mul(D, sub(A, u)));
      return mul(mul(perChannel(gamma, x), square(r)), inner);
    },
    batch: batchApart,
  },
};

const forward = (x: Tensor, gamma: Tensor, beta: Tensor, eps: number): Tensor =>
  new Tensor(forwardOp, [x, gamma, beta], { eps }, x.shape, 'f32');
const inputGrad = (x: Tensor, gamma: Tensor, dy: Tensor, eps: number): Tensor =>
  new Tensor(inputGradOp, [x, gamma, dy], { eps }, x.shape, 'f32');
const gammaGrad = (x: Tensor, shape: Shape, dy: Tensor, eps: number): Tensor =>
  new Tensor(gammaGradOp, [x, dy], { eps }, shape, 'f32');
const secondGrad = (x: Tensor, gamma: Tensor, dy: Tensor, u: Tensor, eps: number): Tensor =>
  new Tensor(secondGradOp, [x, gamma, dy, u], { eps }, x.shape, 'f32');

/** How `batchNorm` normalises. */
export interface BatchNormOptions {
  /** Added to the variance (default 1e-5). */
  readonly eps?: number;
  /** Normalise by these statistics, each [C], instead of the batch's own. */
  readonly running?: { readonly mean: Tensor; readonly variance: Tensor };
}

function checkNorm(op: string, x: Tensor, vectors: Record<string, Tensor>): void {
  if (x.rank < 2 || x.dtype !== 'f32')
    throw new Error(`${op}: needs an f32 input [N,C,...], got ${x.dtype}${showShape(x.shape)}`);
  for (const [name, v] of Object.entries(vectors))
    if (v.rank !== 1 || v.shape[0] !== x.shape[1] || v.dtype !== 'f32')
      throw new Error(
        `${op}: ${name} ${v.dtype}${showShape(v.shape)} must be f32[${x.shape[1]}], the channels of input ${showShape(x.shape)}`,
      );
}

/**
 * Batch normalisation of x [N,C,...] per channel, then scale gamma [C] and shift beta [C] (Ioffe & Szegedy 2015).
 * Statistics are those of the batch (biased variance) or, with `running`, given ones.
 * @throws when shapes do not fit.
 */
export function batchNorm(x: Tensor, gamma: Tensor, beta: Tensor, options: BatchNormOptions = {}): Tensor {
  const { eps = 1e-5, running } = options;
  checkNorm('batchNorm', x, { gamma, beta, ...running });
  if (running === undefined) return forward(x, gamma, beta, eps);
  const scale = mul(gamma, rsqrt(add(running.variance, eps)));
  return add(mul(sub(x, perChannel(running.mean, x)), perChannel(scale, x)), perChannel(beta, x));
}

/**
 * Mean and biased variance of each channel of x [N,C,...], each [C].
 * @throws when x has fewer than two axes or is not f32.
 */
export function batchStatistics(x: Tensor): { mean: Tensor; variance: Tensor } {
  checkNorm('batchStatistics', x, {});
  const { mean, variance } = moments(x, 1);
  return { mean: reshape(mean, [-1]), variance: reshape(variance, [-1]) };
}
