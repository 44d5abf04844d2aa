/** Where coordinate attention stands among the four blocks after the difference: after the first, the fourth, both. */
export const attentionPlacements = ['none', 'low', 'high', 'multiple'] as const;
export type AttentionPlacement = (typeof attentionPlacements)[number];

/** Everything that the network's shape depends on. */
export interface ModelConfig {
  readonly preset: 'paper';
  /** Side of the square input images, in pixels: a multiple of 64, or 32. */
  readonly size: number;
  /** Channels of every block. */
  readonly width: number;
  readonly attention: AttentionPlacement;
  /** Whether the trunk also sees a defect-free reference and the difference is judged (false: the -SN ablation). */
  readonly siamese: boolean;
}

/** The paper's network: 256 px, 32 channels, attention after the first block, siamese. */
export const defaultModel: ModelConfig = {
  preset: 'paper',
  size: 256,
  width: 32,
  attention: 'low',
  siamese: true,
};

/**
 * Checks a model's configuration.
 * @throws naming the field, its value and what is allowed.
 */
export function checkModel(config: ModelConfig): ModelConfig {
  const { preset, size, width, attention } = config;
  if (preset !== 'paper') throw new Error(`model: there is no preset "${preset}"; use "paper"`);
  if (!(size === 32 || (Number.isInteger(size) && size > 0 && size % 64 === 0)))
    throw new Error(
      `model: size ${size} must be a multiple of 64 (six poolings halve it), or 32 (the last is dropped)`,
    );
  if (!Number.isInteger(width) || width < 1)
    throw new Error(`model: width ${width} must be a positive integer`);
  if (!attentionPlacements.includes(attention))
    throw new Error(`model: attention "${attention}" must be one of ${attentionPlacements.join(', ')}`);
  return config;
}
