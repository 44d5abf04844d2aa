import type { Tensor } from '../graph/index.ts';
import type { Normalise } from '../nn/index.ts';
import type { ConvParams, NormParams } from '../ops/index.ts';
import type { Random } from '../random.ts';

/** A convolution and a batch normalisation. */
export type BlockParams = { readonly conv: ConvParams; readonly norm: NormParams };

/** The trunk's parameters: by stage, by layer. */
export type TrunkParams = { readonly [stage: string]: { readonly [layer: string]: ConvParams | NormParams } };

/** How a pass through the network normalises, and who looks on. */
export interface Pass {
  /** By the layer's dotted path (default: by the batch). */
  readonly normalise?: Normalise;
  /**
   * Is given the output [N,C,H,W] of every block by its path and returns what goes on in its place: it may look, or put a
   * variable to differentiate by. Of the trunk's blocks the outputs for images and references follow each other, [2N,C,H,W].
   */
  readonly tap?: (block: string, features: Tensor) => Tensor;
}

/** What the paper's network and the published one have of their own; all else they share. */
export interface Layers {
  /** The trunk's blocks, in order. */
  readonly stages: readonly string[];
  /** Numbers per pair that the head gives: one logit, or one for either class. */
  readonly outputs: 1 | 2;
  /** The trunk's parameters, and its output channels. */
  initTrunk(random: Random, width: number): { readonly trunk: TrunkParams; readonly channels: number };
  /** The trunk's features of images [N,3,S,S] and of their references, if there are any. */
  trunk(
    params: TrunkParams,
    images: Tensor,
    references: Tensor | undefined,
    pass: Pass & Required<Pick<Pass, 'normalise'>>,
  ): Tensor[];
  /** One of the blocks after the difference, counted from 0; the last one of images too small may not pool. */
  block(
    x: Tensor,
    params: BlockParams,
    normalise: (x: Tensor, params: NormParams) => Tensor,
    index: number,
    pools: boolean,
  ): Tensor;
}
