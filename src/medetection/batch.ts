import { gather, type LoadedTask, resizeImages, type Shot } from '../data/index.ts';
import { tensor } from '../graph/index.ts';
import { type ModelConfig, pixelNormalisations } from './config.ts';
import type { LabelledPairs, Pairs } from './network.ts';

/** Images of one task in memory, as bytes: a float copy is made batch by batch. */
export type TaskImages = LoadedTask<Uint8Array>;

/** An image of a task and the defect-free one it is compared with, by index. */
export type Pairing = Pick<Shot, 'index' | 'reference'>;

/** How a network takes its images. */
type Input = Pick<ModelConfig, 'pixels'>;

const pixels = (task: TaskImages, indices: readonly number[], model: Input, size: number) => {
  const shown = size === task.size ? { task, indices } : resizeImages(task, indices, size);
  const floats = gather(shown.task, shown.indices, pixelNormalisations[model.pixels]);
  return tensor(floats, [indices.length, 3, size, size]);
};

/**
 * The tensors of some pairs of a task: normalised images and references [N,3,S,S].
 * @param size S, if they are to be resized from the side that they were loaded with.
 */
export const pairs = (
  task: TaskImages,
  pairings: readonly Pairing[],
  model: Input,
  size: number = task.size,
): Pairs => ({
  image: pixels(
    task,
    pairings.map((p) => p.index),
    model,
    size,
  ),
  reference: pixels(
    task,
    pairings.map((p) => p.reference),
    model,
    size,
  ),
});

/** Pairs with the labels [N] of their images. */
export const labelledPairs = (
  task: TaskImages,
  pairings: readonly Pairing[],
  model: Input,
  size: number = task.size,
): LabelledPairs => ({
  ...pairs(task, pairings, model, size),
  label: tensor(Float32Array.from(pairings, (p) => task.labels[p.index])),
});
