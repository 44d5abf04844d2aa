import { type Tensor, tree } from '../graph/index.ts';
import {
  byBatch,
  conv,
  initConv,
  initLinear,
  initNorm,
  type LinearParams,
  linear,
  type Normalise,
  type Statistics,
} from '../nn/index.ts';
import {
  abs,
  bceWithLogits,
  type ConvParams,
  type CoordinateAttentionParams,
  concat,
  coordinateAttention,
  maxPool2d,
  mean,
  type NormParams,
  relu,
} from '../ops/index.ts';
import type { Random } from '../random.ts';
import { checkModel, type ModelConfig } from './config.ts';

type BlockParams = { readonly conv: ConvParams; readonly norm: NormParams };
type Blocks = { readonly [block: string]: BlockParams };

/** Parameters of MeDetection: the shared trunk, the blocks that judge the difference, and the linear head. */
export type ModelParams = {
  readonly trunk: Blocks;
  readonly blocks: Blocks;
  readonly attention: { readonly [after: string]: CoordinateAttentionParams };
  readonly head: LinearParams;
};

/** Images to judge [N,3,S,S], each with a defect-free reference of its product [N,3,S,S]. */
export type Pairs = { readonly image: Tensor; readonly reference: Tensor };
/** Pairs with labels [N] (f32): 0 normal, 1 defective. */
export type LabelledPairs = Pairs & { readonly label: Tensor };

const TRUNK = ['block1', 'block2'] as const;
const BLOCKS = ['block1', 'block2', 'block3', 'block4'] as const;

/** The blocks after which coordinate attention stands. */
const attended = ({ attention }: ModelConfig): string[] =>
  ({ none: [], low: ['block1'], high: ['block4'], multiple: ['block1', 'block4'] })[attention];

/** Every block halves the image; at 32 px only one pixel is left for the last one, which then does not pool. */
const pools = (config: ModelConfig, block: string): boolean => !(config.size === 32 && block === 'block4');

/** Random initial parameters. */
export function initModel(config: ModelConfig, random: Random): ModelParams {
  const { width, size } = checkModel(config);
  const block = (name: string, inputs: number): BlockParams => ({
    conv: initConv(random.fork(name), inputs, width, 3),
    norm: initNorm(width),
  });
  const attention = (name: string): CoordinateAttentionParams => {
    const middle = Math.max(8, Math.floor(width / 32));
    const part = random.fork(`attention ${name}`);
    return {
      reduce: initConv(part, width, middle, 1),
      norm: initNorm(middle),
      height: initConv(part, middle, width, 1),
      width: initConv(part, middle, width, 1),
    };
  };
  const left = Math.max(1, size / 64);
  return {
    trunk: Object.fromEntries(TRUNK.map((name, i) => [name, block(`trunk ${name}`, i === 0 ? 3 : width)])),
    blocks: Object.fromEntries(BLOCKS.map((name) => [name, block(name, width)])),
    attention: Object.fromEntries(attended(config).map((name) => [name, attention(name)])),
    head: initLinear(random.fork('head'), width * left * left, 1),
  };
}

/** Statistics with the paths and shapes that those of a network with these parameters have. */
export const statisticsLike = (params: ModelParams): Statistics => {
  const norms = tree.entries(params).filter(([path]) => path.endsWith('.norm.gamma'));
  return Object.fromEntries(
    norms.map(([path, gamma]) => [path.replace(/\.gamma$/, ''), { mean: gamma, variance: gamma }]),
  );
};

/**
 * The network of Zhang et al. 2023: trunk on both images, |difference| (eq. 1), four blocks with coordinate attention,
 * linear head. Returns one logit per pair, [N]; positive means defective.
 */
export function logits(
  params: ModelParams,
  { image, reference }: Pairs,
  config: ModelConfig,
  normalise: Normalise = byBatch,
): Tensor {
  const apply = (path: string, x: Tensor, p: BlockParams, pool: boolean) => {
    const y = relu(normalise(`${path}.norm`, conv(x, p.conv, 1), p.norm));
    return pool ? maxPool2d(y, 2) : y;
  };
  // One pass of the shared trunk over both images, so that they share the batch's statistics.
  let features = config.siamese ? concat([image, reference], 0) : image;
  for (const name of TRUNK) features = apply(`trunk.${name}`, features, params.trunk[name], true);
  if (config.siamese) {
    const n = image.shape[0];
    features = abs(features.slice([0], [n]).sub(features.slice([n])));
  }
  for (const name of BLOCKS) {
    features = apply(`blocks.${name}`, features, params.blocks[name], pools(config, name));
    const attention = params.attention[name];
    if (attention !== undefined)
      features = coordinateAttention(features, attention, {
        normalise: (x, norm) => normalise(`attention.${name}.norm`, x, norm),
      });
  }
  return linear(features.reshape([image.shape[0], -1]), params.head).reshape([-1]);
}

/** The mean binary cross-entropy of the logits, by the statistics of the batch unless told otherwise (the loss of both MAML loops). */
export const loss =
  (config: ModelConfig, normalise?: Normalise) =>
  (params: ModelParams, batch: LabelledPairs): Tensor =>
    mean(bceWithLogits(logits(params, batch, config, normalise), batch.label));
