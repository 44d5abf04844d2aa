import { gather, type LoadedTask, registerReference, resizeImages, type Shot } from '../data/index.ts';
import { type Tensor, tensor } from '../graph/index.ts';
import { type ModelConfig, pixelNormalisations } from './config.ts';
import type { LabelledPairs, Pairs } from './network.ts';

/** Images of one task in memory, as bytes: a float copy is made batch by batch. */
export type TaskImages = LoadedTask<Uint8Array>;

/** An image of a task and the defect-free one it is compared with, by index. */
export type Pairing = Pick<Shot, 'index' | 'reference'>;

/** How a network takes its images. */
type Input = Pick<ModelConfig, 'pixels' | 'register'>;

/** Pictures of one size. */
type Pixels = Pick<TaskImages, 'images' | 'size'>;

/** The bytes [3,S,S] of one image. */
export const imageOf = ({ images, size }: Pixels, index: number): Uint8Array =>
  images.subarray(index * 3 * size * size, (index + 1) * 3 * size * size);

/** The pictures at some indices, as a task of their own. */
export function picked(task: TaskImages, indices: readonly number[]): TaskImages {
  const length = 3 * task.size * task.size;
  const images = new Uint8Array(indices.length * length);
  for (const [k, i] of indices.entries()) images.set(imageOf(task, i), k * length);
  return {
    images,
    size: task.size,
    labels: Uint8Array.from(indices, (i) => task.labels[i]),
    samples: indices.map((i) => task.samples[i]),
    skipped: task.skipped,
  };
}

/** The references that an image is compared with: all but itself, unless there is no other. */
export function otherReferences(image: number, references: readonly number[]): readonly number[] {
  const others = references.filter((reference) => reference !== image);
  return others.length > 0 ? others : references;
}

const pixels = (task: Pixels, indices: readonly number[], model: Input, size: number): Tensor => {
  const shown = size === task.size ? { task, indices } : resizeImages(task, indices, size);
  const floats = gather(shown.task, shown.indices, pixelNormalisations[model.pixels]);
  return tensor(floats, [indices.length, 3, size, size]);
};

/** The references of pairings, each laid over its image. */
function registered(task: TaskImages, pairings: readonly Pairing[]): Pixels {
  const { size } = task;
  const images = new Uint8Array(pairings.length * 3 * size * size);
  for (const [i, { index, reference }] of pairings.entries())
    images.set(
      registerReference(imageOf(task, index), imageOf(task, reference), size).image,
      i * 3 * size * size,
    );
  return { images, size };
}

/**
 * The tensors of some pairs of a task: normalised images and references [N,3,S,S].
 * @param size S, if they are to be resized from the side that they were loaded with.
 */
export const pairs = (
  task: TaskImages,
  pairings: readonly Pairing[],
  model: Input,
  size: number = task.size,
): Pairs => {
  const shown = (of: Pixels, indices: readonly number[]) => pixels(of, indices, model, size);
  const at = (side: keyof Pairing) => pairings.map((pairing) => pairing[side]);
  return {
    image: shown(task, at('index')),
    reference: model.register
      ? shown(registered(task, pairings), [...pairings.keys()])
      : shown(task, at('reference')),
  };
};

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
