import { join, resolve } from 'node:path';
import { capClasses, discoverTasks, type LoadedTask, loadTaskBytes, type Task } from '../data/index.ts';

/** A run was stopped on request before there was anything to keep. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

export interface LoadHooks {
  /** Is told what a user should know and may ignore, one sentence each. */
  readonly warn?: (warning: string) => void;
  /** Pictures loaded so far, and in all. */
  readonly onLoad?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** How many of a task's pictures a run uses. */
export interface PictureCap {
  /** At most so many of each class, drawn by the seed (default: all). */
  readonly maxPerClass?: number;
  readonly seed: number;
}

/**
 * The tasks in a folder, and the one that was asked for.
 * @param cap leaves out pictures, of all tasks alike.
 * @param warn is told of folders that were passed over; leave it out where only the one task matters.
 * @returns `whole` is the target with the pictures that the cap leaves out.
 * @throws when the folder holds no task, or none of this name (listing those there are).
 */
export async function findTarget(
  data: string,
  target: string,
  warn?: LoadHooks['warn'],
  cap?: PictureCap,
): Promise<{ tasks: Task[]; target: Task; whole: Task }> {
  const problems: string[] = [];
  const found = await discoverTasks(data, { onProblem: (problem) => problems.push(problem) });
  const { maxPerClass, seed = 0 } = cap ?? {};
  const tasks =
    maxPerClass === undefined
      ? found
      : found.map((task) => ({ ...task, samples: capClasses(task.samples, maxPerClass, seed) }));
  for (const problem of problems) warn?.(problem);
  const named = (of: readonly Task[]): Task => taskNamed(of, target, data, problems);
  return { tasks, target: named(tasks), whole: named(found) };
}

/**
 * The task of a name.
 * @param problems what was found wrong with folders that are none.
 * @throws listing the tasks that there are when there is none of this name, and why its folder is none.
 */
export function taskNamed(
  tasks: readonly Task[],
  name: string,
  data: string,
  problems: readonly string[] = [],
): Task {
  const task = tasks.find((t) => t.name === name);
  if (task === undefined) {
    const why = problems.filter((problem) => problem.startsWith(`${join(resolve(data), name)}: `));
    throw new Error(
      [
        `tasks: ${data}: there is no task "${name}"; there are ${tasks.map((t) => t.name).join(', ')}`,
        ...why,
      ].join('\n'),
    );
  }
  return task;
}

/**
 * Loads the pictures of tasks as bytes, counted together.
 * @throws ImageError for the first that cannot be read, unless broken ones are skipped (each a warning); Interrupted.
 */
export async function loadTasks(
  tasks: readonly Task[],
  options: { readonly size: number; readonly skipBroken: boolean },
  { warn, onLoad, signal }: LoadHooks = {},
): Promise<LoadedTask<Uint8Array>[]> {
  const total = tasks.reduce((sum, { samples }) => sum + samples.length, 0);
  const loaded: LoadedTask<Uint8Array>[] = [];
  let before = 0;
  for (const { samples } of tasks) {
    const onProgress = ({ done }: { done: number }) => {
      if (signal?.aborted) throw new Interrupted('stopped while loading pictures; nothing was saved');
      onLoad?.(before + done, total);
    };
    const task = await loadTaskBytes(samples, { ...options, onProgress });
    for (const { path, reason } of task.skipped) warn?.(`left out ${path}: ${reason}`);
    loaded.push(task);
    before += samples.length;
  }
  return loaded;
}

/** Saves what training can do without for now, and warns where that fails: a disk may be full only for a while. */
export const attempting =
  (warn: LoadHooks['warn']) =>
  async (what: string, write: () => Promise<void>): Promise<void> => {
    try {
      await write();
    } catch (error) {
      warn?.(`${what} was not saved, training goes on: ${(error as Error).message}`);
    }
  };
