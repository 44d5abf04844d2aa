import type { Tensor } from '../graph/index.ts';
import { conv, initConv, initNorm } from '../nn/index.ts';
import { concat, maxPool2d, type NormParams, relu } from '../ops/index.ts';
import type { Random } from '../random.ts';
import type { BlockParams, Layers } from './layers.ts';

const STAGES = ['block1', 'block2'];

/** Every block of the paper: 3x3 convolution of the same size, batch norm, relu, max-pooling by 2. */
function block(
  x: Tensor,
  params: BlockParams,
  normalise: (x: Tensor, params: NormParams) => Tensor,
  pools: boolean,
): Tensor {
  const y = relu(normalise(conv(x, params.conv, 1), params.norm));
  return pools ? maxPool2d(y, 2) : y;
}

/** The network that Zhang et al. describe. */
export const paperLayers: Layers = {
  stages: STAGES,
  outputs: 1,
  initTrunk: (random: Random, width) => {
    const part = (name: string, inputs: number): BlockParams => ({
      conv: initConv(random.fork(`trunk ${name}`), inputs, width, 3),
      norm: initNorm(width),
    });
    const trunk = Object.fromEntries(STAGES.map((name, i) => [name, part(name, i === 0 ? 3 : width)]));
    return { trunk, channels: width };
  },
  trunk: (params, images, references, { normalise, tap = (_block, x) => x }) => {
    // One pass over both, so that they share the batch's statistics.
    let features = references === undefined ? images : concat([images, references], 0);
    for (const name of STAGES) {
      const path = `trunk.${name}`;
      const stage = params[name] as BlockParams;
      features = tap(
        path,
        block(features, stage, (x, norm) => normalise(`${path}.norm`, x, norm), true),
      );
    }
    if (references === undefined) return [features];
    const n = images.shape[0];
    return [features.slice([0], [n]), features.slice([n])];
  },
  block: (x, params, normalise, _index, pools) => block(x, params, normalise, pools),
};
