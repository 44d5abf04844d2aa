import { conv, convEnlarged, initConv, initNorm } from '../nn/index.ts';
import { type ConvParams, concat, maxPool2d, type NormParams, relu } from '../ops/index.ts';
import type { Random } from '../random.ts';
import { ENLARGED } from './config.ts';
import type { Layers } from './layers.ts';

/** A stage of the trunk: convolutions of which the first is unpadded, max-pooling, batch norm, and no activation. */
type StageParams = { readonly norm: NormParams } & { readonly [conv: `conv${number}`]: ConvParams };

const STAGES = [
  { name: 'stage1', convolutions: ['conv1', 'conv2'], channels: 64 },
  { name: 'stage2', convolutions: ['conv1', 'conv2'], channels: 128 },
  { name: 'stage3', convolutions: ['conv1', 'conv2', 'conv3'], channels: 256 },
] as const;

function initStage(
  random: Random,
  inputs: number,
  { name, convolutions, channels }: (typeof STAGES)[number],
) {
  const convs = convolutions.map((conv, i) => [
    conv,
    initConv(random.fork(`trunk ${name} ${conv}`), i === 0 ? inputs : channels, channels, 3),
  ]);
  return { ...Object.fromEntries(convs), norm: initNorm(channels) };
}

/**
 * The network of the code that Zhang et al. published with their paper, which is not the one the paper describes: a deeper
 * trunk without activations, its difference enlarged to 256 x 256, blocks without padding whose relu comes before the
 * normalisation, and a logit for either class.
 */
export const officialLayers: Layers = {
  stages: STAGES.map(({ name }) => name),
  outputs: 2,
  initTrunk: (random) => {
    let channels = 3;
    const stages = STAGES.map((stage) => {
      const params = initStage(random, channels, stage);
      channels = stage.channels;
      return [stage.name, params];
    });
    return { trunk: Object.fromEntries(stages), channels };
  },
  trunk: (params, images, references, { normalise, tap }) => {
    let features = references === undefined ? [images] : [images, references];
    for (const { name, convolutions } of STAGES) {
      const path = `trunk.${name}`;
      const stage = params[name] as StageParams;
      // Images and references apart: the published code runs the trunk once for each, so that neither sees the other's statistics.
      features = features.map((x) => {
        const convolved = convolutions.reduce((y, key, i) => conv(y, stage[key], i === 0 ? 0 : 1), x);
        return normalise(`${path}.norm`, maxPool2d(convolved, 2, { padding: 1 }), stage.norm);
      });
      // To put them together and apart again is work for whoever looks on.
      if (tap === undefined) continue;
      const seen = tap(path, features.length === 1 ? features[0] : concat(features, 0));
      const n = images.shape[0];
      features = features.length === 1 ? [seen] : [seen.slice([0], [n]), seen.slice([n])];
    }
    return features;
  },
  block: (x, params, normalise, index) => {
    const convolved = index === 0 ? convEnlarged(x, params.conv, ENLARGED) : conv(x, params.conv);
    return maxPool2d(normalise(relu(convolved), params.norm), 2);
  },
};
