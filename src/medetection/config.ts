import type { Normalisation } from '../data/index.ts';

/** The paper's network, or that of the code published with it, which differs: see `paper-layers.ts` and `official-layers.ts`. */
export const networks = ['paper', 'official'] as const;
export type NetworkName = (typeof networks)[number];

/** Where coordinate attention stands among the four blocks after the difference: after the first, the fourth, both. */
export const attentionPlacements = ['none', 'low', 'high', 'multiple'] as const;
export type AttentionPlacement = (typeof attentionPlacements)[number];

/** What the last feature map becomes before the linear layer: itself, flattened, or maxima over a pyramid of grids. */
export const heads = ['linear', 'pyramid'] as const;
export type Head = (typeof heads)[number];

/**
 * How pixels from 0 to 1 are centred and scaled: to [-1, 1], by the channels of ImageNet as PyTorch users do, or every picture by its
 * own mean and deviation, for light that changes from picture to picture.
 */
export const pixelNormalisations = {
  symmetric: { mean: 0.5, std: 0.5 },
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  'per-image': 'per-image',
} as const satisfies Record<string, Normalisation>;
export type PixelNormalisation = keyof typeof pixelNormalisations;

/** Everything that the network's shape and input depend on. */
export interface ModelConfig {
  readonly network: NetworkName;
  /** Side of the square input images, in pixels. */
  readonly size: number;
  /** Channels of every block (of the official network: of those after the difference). */
  readonly width: number;
  readonly attention: AttentionPlacement;
  /** Whether the trunk also sees a defect-free reference and the difference is judged (false: the -SN ablation). */
  readonly siamese: boolean;
  readonly head: Head;
  readonly pixels: PixelNormalisation;
  /** Whether each reference is turned and shifted to lie over its image: for products at any angle; see `registerReference`. */
  readonly register: boolean;
}

/** The paper's network: 256 px, 32 channels, attention after the first block, siamese. */
export const defaultModel: ModelConfig = {
  network: 'paper',
  size: 256,
  width: 32,
  attention: 'low',
  siamese: true,
  head: 'linear',
  pixels: 'symmetric',
  register: false,
};

/** Grids of the pyramid, finest first. */
const PYRAMID = [4, 2, 1];
/** The side that the official network enlarges its difference to, and of its last map, whatever the images' size. */
export const ENLARGED = 256;
const OFFICIAL_LAST = 14;

/** Side of the last feature map for images of a size. At 32 px the paper's last block does not pool. */
export const lastSide = ({ network }: Pick<ModelConfig, 'network'>, size: number): number =>
  network === 'official' ? OFFICIAL_LAST : Math.max(1, Math.floor(size / 64));

/** The pyramid's grids, as far as the last map of the model's own size has cells for them. */
export const pyramidLevels = (config: ModelConfig): number[] =>
  PYRAMID.filter((level) => level <= lastSide(config, config.size));

/**
 * Checks a model's configuration.
 * @throws naming the field, its value and what is allowed.
 */
export function checkModel(config: ModelConfig): ModelConfig {
  const { network, size, width, attention, siamese, head, pixels, register } = config;
  const oneOf = (field: string, value: unknown, allowed: readonly unknown[]) => {
    if (!allowed.includes(value))
      throw new Error(`model: ${field} ${JSON.stringify(value)} must be one of ${allowed.join(', ')}`);
  };
  oneOf('network', network, networks);
  oneOf('attention', attention, attentionPlacements);
  oneOf('siamese', siamese, [true, false]);
  oneOf('head', head, heads);
  oneOf('pixels', pixels, Object.keys(pixelNormalisations));
  oneOf('register', register, [true, false]);
  if (!Number.isInteger(width) || width < 1)
    throw new Error(`model: width ${width} must be a positive integer`);
  if (!Number.isInteger(size) || size < 32)
    throw new Error(
      `model: size ${size} must be an integer of at least 32, the side of the images in pixels`,
    );
  if (network === 'paper' && head === 'linear' && size !== 32 && size % 64 !== 0)
    throw new Error(
      `model: size ${size} must be a multiple of 64 (six poolings halve it), or 32 (the last is dropped); with head pyramid any size of at least 64 will do`,
    );
  if (network === 'paper' && size > 32 && size < 64)
    throw new Error(`model: size ${size} must be 32, or at least 64: six poolings halve it`);
  return config;
}

/**
 * Checks the sizes at which images are shown to a model besides its own.
 * @throws naming the size, when the head has another number of inputs there.
 */
export function checkScales(config: ModelConfig, scales: readonly number[]): void {
  const needed = config.head === 'linear' ? lastSide(config, config.size) : pyramidLevels(config)[0];
  for (const scale of scales) {
    const side = lastSide(config, scale);
    const fits = config.head === 'linear' ? side === needed : side >= needed;
    if (!Number.isInteger(scale) || scale < 32 || !fits)
      throw new Error(
        config.head === 'linear'
          ? `model: images of ${scale} px give a last map of ${side} x ${side}, the linear head takes ${needed} x ${needed} (size ${config.size}): use head pyramid for several scales`
          : `model: images of ${scale} px give a last map of ${side} x ${side}, the pyramid needs ${needed} x ${needed} (size ${config.size}): use scales of at least ${64 * needed}, or a smaller size`,
      );
  }
}
