import { ones, type Tensor, tensor } from '../../graph/index.ts';
import type { Loss } from '../../meta/index.ts';
import { conv, filled, type LinearParams, linear, normal, truncatedNormal, uniform } from '../../nn/index.ts';
import { batchNorm, crossEntropy } from '../../ops/index.ts';
import type { Random } from '../../random.ts';
import { SIDE } from './data.ts';

/*
 * The classifiers of Finn et al. 2017, section 5.2, as the authors' code makes them for Omniglot: convolutions with a stride
 * instead of pooling, and batch norm by the images at hand, without a scale, whose shift is meta-learned but not adapted.
 */

/** `conv4`: four 3x3 convolutions of stride 2 and the mean over what is left; `fc`: four linear layers. */
export const networks = ['conv4', 'fc'] as const;
export type Network = (typeof networks)[number];

/** A layer's weight and bias, and the shift of the batch norm behind it. */
type LayerParams = { readonly weight: Tensor; readonly bias: Tensor; readonly shift: Tensor };

/** Parameters of a classifier. */
export type ClassifierParams = {
  readonly layers: { readonly [layer: string]: LayerParams };
  readonly head: LinearParams;
};

/** Filters of every convolution, and units of the linear layers. */
const FILTERS = [64, 64, 64, 64];
const UNITS = [256, 128, 64, 64];
/** Of the linear network's weights. */
const DEVIATION = 0.01;
/** Added to the variance. */
const EPSILON = 1e-3;

/** Whether the inner loop adapts a parameter. */
export const isAdapted = (path: string): boolean => !path.endsWith('.shift');

/**
 * Random initial parameters: convolutions uniform within sqrt(6 / (fan-in + fan-out)) (Glorot & Bengio 2010) and a head of
 * deviation 1; linear layers normal, of deviation 0.01, cut off at two deviations. Biases and shifts are zero.
 */
export function initClassifier(network: Network, random: Random, way: number): ClassifierParams {
  const layer = (weight: Tensor): LayerParams => {
    const zeros = filled([weight.shape[0]], 0);
    return { weight, bias: zeros, shift: zeros };
  };
  const stack = (sizes: readonly number[], inputs: number, weight: (i: number, o: number) => Tensor) =>
    Object.fromEntries(
      sizes.map((outputs, k) => [`layer${k + 1}`, layer(weight(sizes[k - 1] ?? inputs, outputs))]),
    );
  const head = (weight: Tensor): LinearParams => ({ weight, bias: filled([way], 0) });
  if (network === 'fc') {
    const weight = (inputs: number, outputs: number) => truncatedNormal(random, [outputs, inputs], DEVIATION);
    return { layers: stack(UNITS, SIDE * SIDE, weight), head: head(weight(UNITS[3], way)) };
  }
  const weight = (inputs: number, outputs: number) =>
    uniform(random, [outputs, inputs, 3, 3], Math.sqrt(6 / (9 * (inputs + outputs))));
  return { layers: stack(FILTERS, 1, weight), head: head(normal(random, [way, FILTERS[3]], 1)) };
}

const normalise = (x: Tensor, shift: Tensor): Tensor =>
  batchNorm(x, ones(shift.shape), shift, { eps: EPSILON });

/** Logits [n, way] of images [n,1,28,28]. */
export function classify(network: Network, { layers, head }: ClassifierParams, images: Tensor): Tensor {
  if (network === 'fc') {
    const flat = images.reshape([images.shape[0], -1]);
    return linear(
      Object.values(layers).reduce((x, p) => normalise(linear(x, p), p.shift).relu(), flat),
      head,
    );
  }
  const features = Object.values(layers).reduce(
    (x, p) => normalise(conv(x, p, 1, 2), p.shift).relu(),
    images,
  );
  return linear(features.mean([2, 3]), head);
}

/**
 * The cross-entropy of a task's images, of which image i is of class i modulo `way`: summed over classes and averaged over
 * the images of a class, as the authors' code has it. The inner rate is one for this loss, `way` times the mean.
 */
export const taskLoss =
  (network: Network, way: number): Loss<ClassifierParams, Tensor> =>
  (theta, images) => {
    const labels = tensor(Int32Array.from({ length: images.shape[0] }, (_, i) => i % way));
    return crossEntropy(classify(network, theta, images), labels)
      .mean()
      .mul(way);
  };
