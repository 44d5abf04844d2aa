import { sameShape, showShape, type Tensor, tree } from '../graph/index.ts';
import {
  byBatch,
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
  type CoordinateAttentionParams,
  concat,
  coordinateAttention,
  mean,
  spatialPyramidPool,
} from '../ops/index.ts';
import type { Random } from '../random.ts';
import { checkModel, lastSide, type ModelConfig, pyramidLevels } from './config.ts';
import type { BlockParams, Layers, Pass, TrunkParams } from './layers.ts';
import { officialLayers } from './official-layers.ts';
import { paperLayers } from './paper-layers.ts';

/** Parameters of MeDetection: the shared trunk, the blocks that judge the difference, and the linear head. */
export type ModelParams = {
  readonly trunk: TrunkParams;
  readonly blocks: { readonly [block: string]: BlockParams };
  readonly attention: { readonly [after: string]: CoordinateAttentionParams };
  readonly head: LinearParams;
};

/** Images to judge [N,3,S,S], each with a defect-free reference of its product [N,3,S,S]. */
export type Pairs = { readonly image: Tensor; readonly reference: Tensor };
/**
 * Pairs with labels [N] (f32): 0 normal, 1 defective. Pairs `beside` them are not judged, but share the batch whose
 * statistics normalise.
 */
export type LabelledPairs = Pairs & { readonly label: Tensor; readonly beside?: Pairs };

const BLOCKS = ['block1', 'block2', 'block3', 'block4'] as const;

const layersOf = ({ network }: ModelConfig): Layers =>
  ({ paper: paperLayers, official: officialLayers })[network];

/** The blocks after which coordinate attention stands. */
const attended = ({ attention }: ModelConfig): string[] =>
  ({ none: [], low: ['block1'], high: ['block4'], multiple: ['block1', 'block4'] })[attention];

/** The paths of all blocks that a pass's `tap` is shown, in order. */
export const blocksOf = (config: ModelConfig): string[] => [
  ...layersOf(config).stages.map((name) => `trunk.${name}`),
  ...(config.siamese ? ['difference'] : []),
  ...BLOCKS.map((name) => `blocks.${name}`),
];

/** Random initial parameters. */
export function initModel(config: ModelConfig, random: Random): ModelParams {
  const { width, size, head } = checkModel(config);
  const { initTrunk, outputs } = layersOf(config);
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
  const { trunk, channels } = initTrunk(random, width);
  const cells =
    head === 'pyramid'
      ? pyramidLevels(config).reduce((sum, level) => sum + level ** 2, 0)
      : lastSide(config, size) ** 2;
  return {
    trunk,
    blocks: Object.fromEntries(BLOCKS.map((name, i) => [name, block(name, i === 0 ? channels : width)])),
    attention: Object.fromEntries(attended(config).map((name) => [name, attention(name)])),
    head: initLinear(random.fork('head'), width * cells, outputs),
  };
}

/** How many numbers the parameters hold. */
export const parameterCount = (params: ModelParams): number =>
  tree.leaves<Tensor>(params).reduce((sum, { size }) => sum + size, 0);

/** Statistics with the paths and shapes that those of a network with these parameters have. */
export const statisticsLike = (params: ModelParams): Statistics => {
  const norms = tree.entries(params).filter(([path]) => path.endsWith('.norm.gamma'));
  return Object.fromEntries(
    norms.map(([path, gamma]) => [path.replace(/\.gamma$/, ''), { mean: gamma, variance: gamma }]),
  );
};

/**
 * What the head gives for each pair: [N,1], the logit of "defective" (paper), or [N,2], the logits of "normal" and
 * "defective" (official). Trunk on both images, |difference| (eq. 1 of Zhang et al. 2023), four blocks with coordinate
 * attention, linear head.
 * @throws when images and references differ in shape.
 */
export function outputs(
  params: ModelParams,
  { image, reference }: Pairs,
  config: ModelConfig,
  { normalise = byBatch, tap }: Pass = {},
): Tensor {
  if (config.siamese && !sameShape(image.shape, reference.shape))
    throw new Error(
      `network: images ${showShape(image.shape)} and references ${showShape(reference.shape)} must have one shape`,
    );
  const layers = layersOf(config);
  const trunk = layers.trunk(params.trunk, image, config.siamese ? reference : undefined, { normalise, tap });
  const seen = (block: string, x: Tensor): Tensor => tap?.(block, x) ?? x;
  let features = trunk.length === 2 ? seen('difference', abs(trunk[0].sub(trunk[1]))) : trunk[0];
  for (const [index, name] of BLOCKS.entries()) {
    const path = `blocks.${name}`;
    // Every block halves the map; at 32 px only one pixel is left for the last one.
    const pools = !(features.shape[2] === 1);
    features = layers.block(
      features,
      params.blocks[name],
      (x, norm) => normalise(`${path}.norm`, x, norm),
      index,
      pools,
    );
    const attention = params.attention[name];
    if (attention !== undefined)
      features = coordinateAttention(features, attention, {
        normalise: (x, norm) => normalise(`attention.${name}.norm`, x, norm),
      });
    features = seen(path, features);
  }
  const flat = config.head === 'pyramid' ? spatialPyramidPool(features, pyramidLevels(config)) : features;
  return linear(flat.reshape([image.shape[0], -1]), params.head);
}

/**
 * The logit of "defective" for each pair, [N]: positive means defective. Of two classes it is the difference of their
 * logits, whose binary cross-entropy is the cross-entropy of both.
 */
export function logits(params: ModelParams, pairs: Pairs, config: ModelConfig, pass?: Pass): Tensor {
  const y = outputs(params, pairs, config, pass);
  const [n, classes] = y.shape;
  const of = (k: number) => y.slice([0, k], [n, k + 1]).reshape([n]);
  return classes === 1 ? y.reshape([n]) : of(1).sub(of(0));
}

/** The mean binary cross-entropy of the logits, by the statistics of the batch unless told otherwise (the loss of both MAML loops). */
export const loss =
  (config: ModelConfig, normalise?: Normalise) =>
  (params: ModelParams, batch: LabelledPairs): Tensor =>
    mean(bceWithLogits(judged(params, batch, config, normalise), batch.label));

/** The logits of the labelled pairs, whatever else is in their batch. */
function judged(
  params: ModelParams,
  { image, reference, beside }: LabelledPairs,
  config: ModelConfig,
  normalise?: Normalise,
): Tensor {
  if (beside === undefined) return logits(params, { image, reference }, config, { normalise });
  const all = {
    image: concat([image, beside.image], 0),
    reference: concat([reference, beside.reference], 0),
  };
  return logits(params, all, config, { normalise }).slice([0], [image.shape[0]]);
}
