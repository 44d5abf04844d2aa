import { join } from 'node:path';
import { fingerprints, type Sample } from '../data/index.ts';
import { writeFileAtomic } from '../store/index.ts';
import type { TaskImages } from './batch.ts';
import { readRunFile, runFiles } from './run.ts';

/** The pictures that a run's weights have learned from, through all the runs before. */
export interface LearnedPictures {
  /** The side that they were loaded with, in pixels: fingerprints compare at one size only. */
  readonly size: number;
  /** `task/id` of each, by its exact fingerprint. */
  readonly pictures: ReadonlyMap<string, string>;
}

/** Pictures of a task that are learned from: all, or those at some indices. */
export interface LearnedTask {
  readonly name: string;
  readonly images: TaskImages;
  readonly indices?: readonly number[];
}

/** What is known once some tasks are learned from, on top of what was before. */
export function learnedPictures(
  size: number,
  tasks: readonly LearnedTask[],
  before?: LearnedPictures,
): LearnedPictures {
  const pictures = new Map(before?.size === size ? before.pictures : []);
  for (const { name, images, indices } of tasks) {
    const prints = fingerprints(images);
    for (const i of indices ?? prints.keys())
      pictures.set(prints[i].exact, `${name}/${images.samples[i].id}`);
  }
  return { size, pictures };
}

/** Pictures of a task that were learned from, each with the name it was learned by. */
export function recognised(
  { size, pictures }: LearnedPictures,
  task: TaskImages,
  indices: readonly number[],
): { readonly sample: Sample; readonly learned: string }[] {
  if (size !== task.size) return [];
  const prints = fingerprints(task);
  return indices.flatMap((i) => {
    const learned = pictures.get(prints[i].exact);
    return learned === undefined ? [] : { sample: task.samples[i], learned };
  });
}

export const saveLearned = (folder: string, { size, pictures }: LearnedPictures): Promise<void> =>
  writeFileAtomic(
    join(folder, runFiles.learned),
    `${JSON.stringify({ version: 1, size, pictures: Object.fromEntries(pictures) })}\n`,
  );

/**
 * Reads what a run's weights have learned from.
 * @throws naming the file when it is absent or damaged.
 */
export async function loadLearned(folder: string): Promise<LearnedPictures> {
  const bytes = await readRunFile(
    folder,
    runFiles.learned,
    'there is no such file, which lists the pictures that the weights have learned from: restore it, or train again',
  );
  try {
    const { version, size, pictures } = JSON.parse(new TextDecoder().decode(bytes));
    if (version !== 1 || typeof size !== 'number' || typeof pictures !== 'object' || pictures === null)
      throw new Error('not a list of learned pictures of version 1');
    return { size, pictures: new Map(Object.entries<string>(pictures)) };
  } catch (error) {
    throw new Error(
      `run: ${join(folder, runFiles.learned)}: ${(error as Error).message}; the file is damaged: restore it, or train again`,
      { cause: error },
    );
  }
}
