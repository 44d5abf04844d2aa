import { join } from 'node:path';
import type { Sample } from '../data/index.ts';
import { writeFileAtomic } from '../store/index.ts';
import type { TaskImages } from './batch.ts';
import { readRunFile, runFiles, type SeenTask } from './run.ts';
import type { LoadHooks } from './run-tasks.ts';

/** The pictures that a run's weights have learned from, through all the runs before. */
export interface LearnedPictures {
  /** `task/id` of each, by its digest: what it is known by at every size that it may be loaded with. */
  readonly pictures: ReadonlyMap<string, string>;
  /** Whether these are all: not of weights from elsewhere. */
  readonly complete: boolean;
}

/** What weights from elsewhere have learned from. */
export const learnedElsewhere: LearnedPictures = { pictures: new Map(), complete: false };

/** Pictures of a task that are learned from: all, or those at some indices. */
export interface LearnedTask {
  readonly name: string;
  readonly images: TaskImages;
  readonly indices?: readonly number[];
}

/** @throws when the picture was not loaded from a file. */
function digestOf({ id, digest }: Sample): string {
  if (digest === undefined)
    throw new Error(`learned pictures: ${id} has no digest: load it by loadTaskBytes`);
  return digest;
}

/** What is known once some tasks are learned from, on top of what was before. */
export function learnedPictures(tasks: readonly LearnedTask[], before?: LearnedPictures): LearnedPictures {
  const pictures = new Map(before?.pictures);
  for (const { name, images, indices } of tasks)
    for (const i of indices ?? images.samples.keys()) {
      const sample = images.samples[i];
      pictures.set(digestOf(sample), `${name}/${sample.id}`);
    }
  return { pictures, complete: before?.complete ?? true };
}

/** Pictures of a task that were learned from, each with the name it was learned by. */
export function recognised(
  { pictures }: LearnedPictures,
  { samples }: TaskImages,
  indices: readonly number[],
): { readonly sample: Sample; readonly learned: string }[] {
  return indices.flatMap((i) => {
    const learned = pictures.get(digestOf(samples[i]));
    return learned === undefined ? [] : { sample: samples[i], learned };
  });
}

/** Pictures of a task that weights are to be judged by. */
interface JudgedBy {
  readonly task: TaskImages;
  readonly indices: readonly number[];
  /** What they are, in words. */
  readonly called: string;
}

/**
 * Refuses to judge weights by what they have learned from, and warns where that cannot be told.
 * @param init where the weights are from.
 * @param known the task they are to be judged on, if they have learned from one of its name.
 * @param learned what they have learned from; undefined of random ones.
 * @throws naming the task or a picture that they have learned from.
 */
export function checkUnseen(
  command: 'fine-tune' | 'enroll',
  init: string,
  known: SeenTask | undefined,
  learned: LearnedPictures | undefined,
  { task, indices, called }: JudgedBy,
  warn: LoadHooks['warn'],
): void {
  const refuse = (what: string): never => {
    throw new Error(
      `${command}: ${init}: its weights have learned from ${what}: what is measured then is not how well a new product is judged. Meta-train with this product left out, or give --allow-seen`,
    );
  };
  if (known !== undefined) refuse(`task ${known.name}`);
  if (learned === undefined) return;
  if (!learned.complete)
    warn?.(
      `${init}: what its weights have learned from is unknown, at least in part: if the pictures that they are now measured by were among it, the result looks better than it is`,
    );
  const again = recognised(learned, task, indices);
  if (again.length > 0)
    refuse(
      `${again.length} of the ${indices.length} ${called} (${again[0].sample.id} is ${again[0].learned})`,
    );
}

export const saveLearned = (folder: string, { pictures, complete }: LearnedPictures): Promise<void> =>
  writeFileAtomic(
    join(folder, runFiles.learned),
    `${JSON.stringify({ version: 2, complete, pictures: Object.fromEntries(pictures) })}\n`,
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
    const { version, complete, pictures } = JSON.parse(new TextDecoder().decode(bytes));
    // Version 1 knows pictures by their pixels at the size of its model: these compare with no digest.
    if (version === 1) return learnedElsewhere;
    if (version !== 2 || typeof complete !== 'boolean' || typeof pictures !== 'object' || pictures === null)
      throw new Error('not a list of learned pictures of version 2');
    return { pictures: new Map(Object.entries<string>(pictures)), complete };
  } catch (error) {
    throw new Error(
      `run: ${join(folder, runFiles.learned)}: ${(error as Error).message}; the file is damaged: restore it, or train again`,
      { cause: error },
    );
  }
}
