import { sameShape, showShape, type Tensor } from '../graph/index.ts';
import { byBatch, conv, convEnlarged, initConv, initLinear, initNorm, linear } from '../nn/index.ts';
import {
  abs,
  type ConvParams,
  coordinateAttention,
  crossEntropy,
  maxPool2d,
  mean,
  type NormParams,
  relu,
  spatialPyramidPool,
} from '../ops/index.ts';
import type { Random } from '../random.ts';
import type { Pairs } from './network.ts';

/*
 * The network of the code that Zhang et al. published with their paper, which is not the one the paper describes: a
 * deeper trunk without activations, its difference enlarged to 256 x 256, and a spatial pyramid before the head.
 */

/** Parameters under the names that PyTorch gives them, such as `trunk.net.0.weight`. */
export type OfficialParams = { readonly [name: string]: Tensor };

/** The trunk's stages: the indices of their convolutions and of the normalisation after the pooling, and their channels. */
const STAGES = [
  { convolutions: [0, 1], norm: 3, channels: 64 },
  { convolutions: [4, 5], norm: 7, channels: 128 },
  { convolutions: [8, 9, 10], norm: 12, channels: 256 },
];
const BLOCKS = [0, 1, 2, 3];
const WIDTH = 32;
const MIDDLE = 8;
const PYRAMID = [4, 2, 1];
const ENLARGED = 256;

const convOf = (params: OfficialParams, name: string): ConvParams => ({
  weight: params[`${name}.weight`],
  bias: params[`${name}.bias`],
});

const normOf = (params: OfficialParams, name: string): NormParams => ({
  gamma: params[`${name}.weight`],
  beta: params[`${name}.bias`],
});

/** Random initial parameters of the published network. */
export function initOfficial(random: Random): OfficialParams {
  const params: Record<string, Tensor> = {};
  const put = (name: string, weight: Tensor, bias: Tensor) => {
    params[`${name}.weight`] = weight;
    params[`${name}.bias`] = bias;
  };
  const putConv = (name: string, inputs: number, outputs: number, kernel: number) => {
    const { weight, bias } = initConv(random.fork(name), inputs, outputs, kernel);
    put(name, weight, bias);
  };
  const putNorm = (name: string, channels: number) => {
    const { gamma, beta } = initNorm(channels);
    put(name, gamma, beta);
  };
  let features = 3;
  for (const { convolutions, norm, channels } of STAGES) {
    for (const index of convolutions) {
      putConv(`trunk.net.${index}`, features, channels, 3);
      features = channels;
    }
    putNorm(`trunk.net.${norm}`, channels);
  }
  for (const block of BLOCKS) {
    putConv(`blocks.${block}.0`, block === 0 ? features : WIDTH, WIDTH, 3);
    putNorm(`blocks.${block}.2`, WIDTH);
  }
  putConv('ca1', WIDTH, MIDDLE, 1);
  putNorm('cabn', MIDDLE);
  for (const gate of ['cah', 'caw']) putConv(gate, MIDDLE, WIDTH, 1);
  const cells = PYRAMID.reduce((n, level) => n + level ** 2, 0);
  const head = initLinear(random.fork('head'), WIDTH * cells, 2);
  put('head', head.weight, head.bias);
  return params;
}

/** How many numbers the parameters hold. */
export const officialParameterCount = (params: OfficialParams): number =>
  Object.values(params).reduce((n, { size }) => n + size, 0);

/** Stages of convolutions without activation, of which the first is unpadded; max-pooling; batch norm. */
function trunk(params: OfficialParams, x: Tensor): Tensor {
  return STAGES.reduce((features, { convolutions, norm }) => {
    const convolved = convolutions.reduce(
      (f, index, i) => conv(f, convOf(params, `trunk.net.${index}`), i === 0 ? 0 : 1),
      features,
    );
    return byBatch('', maxPool2d(convolved, 2, { padding: 1 }), normOf(params, `trunk.net.${norm}`));
  }, x);
}

/**
 * The published network: logits [N,2], normal and defective, of images [N,3,H,W] with references of that size; square ones of
 * 64, 128, 256 or 512 take by far the least memory. All normalisations are by the batch; the trunk's by that of the images and that of the references
 * apart, since it runs once for each.
 * @throws when image and reference differ, or are too small for the trunk.
 */
export function officialLogits(params: OfficialParams, { image, reference }: Pairs): Tensor {
  if (!sameShape(image.shape, reference.shape))
    throw new Error(
      `officialLogits: images ${showShape(image.shape)} and references ${showShape(reference.shape)} must have one shape`,
    );
  const [n] = image.shape;
  let features = abs(trunk(params, image).sub(trunk(params, reference)));
  for (const block of BLOCKS) {
    const weights = convOf(params, `blocks.${block}.0`);
    const convolved = block === 0 ? convEnlarged(features, weights, ENLARGED) : conv(features, weights);
    features = maxPool2d(byBatch('', relu(convolved), normOf(params, `blocks.${block}.2`)), 2);
    if (block === 0)
      features = coordinateAttention(features, {
        reduce: convOf(params, 'ca1'),
        norm: normOf(params, 'cabn'),
        height: convOf(params, 'cah'),
        width: convOf(params, 'caw'),
      });
  }
  const pooled = spatialPyramidPool(features, PYRAMID);
  return linear(pooled.reshape([n, -1]), convOf(params, 'head'));
}

/** The mean cross-entropy of the logits against labels [N] (i32): 0 normal, 1 defective. */
export const officialLoss = (params: OfficialParams, batch: Pairs & { readonly label: Tensor }): Tensor =>
  mean(crossEntropy(officialLogits(params, batch), batch.label));
