import { gather, type LoadedTask, type Shot } from '../data/index.ts';
import { tensor } from '../graph/index.ts';
import type { LabelledPairs, Pairs } from './network.ts';

/** Images of one task in memory, as bytes: a float copy is made batch by batch. */
export type TaskImages = LoadedTask<Uint8Array>;

/** An image of a task and the defect-free one it is compared with, by index. */
export type Pairing = Pick<Shot, 'index' | 'reference'>;

const pixels = (task: TaskImages, indices: readonly number[]) =>
  tensor(gather(task, indices), [indices.length, 3, task.size, task.size]);

/** The tensors of some pairs of a task: normalised images and references [N,3,S,S]. */
export const pairs = (task: TaskImages, pairings: readonly Pairing[]): Pairs => ({
  image: pixels(
    task,
    pairings.map((p) => p.index),
  ),
  reference: pixels(
    task,
    pairings.map((p) => p.reference),
  ),
});

/** Pairs with the labels [N] of their images. */
export const labelledPairs = (task: TaskImages, pairings: readonly Pairing[]): LabelledPairs => ({
  ...pairs(task, pairings),
  label: tensor(Float32Array.from(pairings, (p) => task.labels[p.index])),
});
