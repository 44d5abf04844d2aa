import type { Tensor } from '../graph/index.ts';
import { add, batchNorm, type ConvParams, conv2d, matmul, type NormParams } from '../ops/index.ts';
import type { Random } from '../random.ts';
import { filled, uniform } from './init.ts';

/* Layers are functions of their parameters and an input; parameters are plain trees of tensors. */

/**
 * Convolution weights [out, in, kernel, kernel] uniform within 1 / sqrt(fan-in), and a zero bias. Smaller than He's: before
 * a batch normalisation the scale does not change the output, but a smaller weight turns further with every step.
 */
export const initConv = (random: Random, inputs: number, outputs: number, kernel: number): ConvParams => ({
  weight: uniform(random, [outputs, inputs, kernel, kernel], 1 / Math.sqrt(inputs * kernel * kernel)),
  bias: filled([outputs], 0),
});

/** Convolution layer: x [N,C,H,W] -> [N,O,OH,OW]. */
export const conv = (x: Tensor, { weight, bias }: ConvParams, padding = 0, stride = 1): Tensor =>
  conv2d(x, weight, { bias, padding, stride });

/** Parameters of a normalisation of `channels` channels: scale 1 and shift 0. */
export const initNorm = (channels: number): NormParams => ({
  gamma: filled([channels], 1),
  beta: filled([channels], 0),
});

/** A linear layer's weight [out, in] and bias [out]. */
export type LinearParams = { readonly weight: Tensor; readonly bias: Tensor };

/** Weights [out, in] uniform within 1 / sqrt(in), and a zero bias. */
export const initLinear = (random: Random, inputs: number, outputs: number): LinearParams => ({
  weight: uniform(random, [outputs, inputs], 1 / Math.sqrt(inputs)),
  bias: filled([outputs], 0),
});

/** Linear layer, x weight^T + bias: x [N, in] -> [N, out]. */
export const linear = (x: Tensor, { weight, bias }: LinearParams): Tensor =>
  add(matmul(x, weight, { transposeB: true }), bias);

/**
 * How a network normalises: given the layer's dotted path, its input and its parameters. A function, so that one
 * network serves batch statistics, running ones and the collection of statistics.
 */
export type Normalise = (path: string, x: Tensor, params: NormParams) => Tensor;

/** Normalises by the statistics of the batch at hand, as MAML does in both loops. */
export const byBatch: Normalise = (_path, x, { gamma, beta }) => batchNorm(x, gamma, beta);
