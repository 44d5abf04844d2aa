import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { datasetsFile, discoverTasks, readDatasets, siblingsOf } from '../data/index.ts';
import { taskNamed } from '../medetection/index.ts';
import { parseRecord, stringifyRecord, writeFileAtomic } from '../store/index.ts';
import { changedScale, checkScale, type Scale, type ScaleName, scales } from './scales.ts';

/** What an experiment was asked for. */
export interface Request {
  readonly version: 1;
  readonly experiment: string;
  /** The scale by name, what was changed of it, and what that comes to. */
  readonly scale: ScaleName;
  readonly changes: readonly string[];
  readonly settings: Scale;
  /** Absolute path of the folder of tasks, and how many tasks it held. */
  readonly data: string;
  readonly tasks: number;
  /** Tasks that are left out of meta-training in turn, to be fine-tuned on. */
  readonly targets: readonly string[];
  readonly seeds: readonly number[];
  /** Whether meta-training leaves out every task of the target's data set. */
  readonly leaveOutDataset?: true;
  /** Of each target that has any, the other tasks of its data set, as `datasets.json` has them. */
  readonly siblings?: Readonly<Record<string, readonly string[]>>;
}

/** A task is a target unless asked for by name only with so many pictures of each class: fewer measure nothing. */
const LEAST = 20;

/**
 * Makes the request for an experiment.
 * @param targets names of tasks; undefined: all that have 20 pictures of each class.
 * @param warn is told of tasks that are no targets.
 * @throws naming a task, a seed or a setting that is wrong, and what there is; where data sets are left out, a target whose data set
 * is not known.
 */
export async function makeRequest(
  experiment: string,
  {
    scale,
    changes,
    data,
    targets,
    seeds,
    leaveOutDataset,
  }: Pick<Request, 'scale' | 'changes' | 'data' | 'seeds'> & {
    readonly targets?: readonly string[];
    readonly leaveOutDataset?: boolean;
  },
  warn?: (warning: string) => void,
): Promise<Request> {
  const tasks = await discoverTasks(data, { onProblem: warn });
  for (const list of [targets ?? [], seeds])
    if (new Set<unknown>(list).size < list.length)
      throw new Error(`experiment: targets and seeds are wanted each once; got ${list.join(', ')}`);
  for (const target of targets ?? []) taskNamed(tasks, target, data);
  const few = tasks.filter(({ samples }) =>
    [0, 1].some((label) => samples.filter((sample) => sample.label === label).length < LEAST),
  );
  const chosen = targets ?? tasks.filter((task) => !few.includes(task)).map(({ name }) => name);
  if (targets === undefined && few.length > 0)
    warn?.(
      `no targets, for fewer than ${LEAST} pictures of a class: ${few.map(({ name }) => name).join(', ')} (they are learned from where they can be; --targets takes them all the same)`,
    );
  if (chosen.length === 0)
    throw new Error(`experiment: ${data}: no task has ${LEAST} pictures of each class`);
  const datasets = await readDatasets(data);
  const unknown = leaveOutDataset ? chosen.find((target) => !datasets?.has(target)) : undefined;
  if (unknown !== undefined)
    throw new Error(
      `experiment: ${resolve(data, datasetsFile)}: ${datasets ? `it does not name ${unknown}` : 'there is no such file'}, so that its data set cannot be left out: write one such as {"${unknown}": "a data set"}, with every task of that data set`,
    );
  const names = tasks.map(({ name }) => name);
  const siblings = chosen.flatMap((target) => {
    const others = datasets ? siblingsOf(target, names, datasets) : [];
    return others.length > 0 ? [[target, others]] : [];
  });
  return {
    version: 1,
    experiment,
    scale,
    changes,
    settings: changedScale(scales[scale], changes),
    data: resolve(data),
    tasks: tasks.length,
    targets: chosen,
    seeds,
    ...(leaveOutDataset && { leaveOutDataset }),
    ...(siblings.length > 0 && { siblings: Object.fromEntries(siblings) }),
  };
}

const requestFile = (folder: string, experiment: string): string => join(folder, experiment, 'request.json');

export async function writeRequest(folder: string, request: Request): Promise<void> {
  await mkdir(join(folder, request.experiment), { recursive: true });
  await writeFileAtomic(requestFile(folder, request.experiment), `${stringifyRecord({ ...request }, 1)}\n`);
}

/**
 * Reads what an experiment was asked for; undefined if it was not asked for in this folder.
 * @throws naming the file and what is wrong with it.
 */
export async function readRequest(folder: string, experiment: string): Promise<Request | undefined> {
  const path = requestFile(folder, experiment);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new Error(`experiment: ${path}: ${error.message}`);
  });
  if (text === undefined) return undefined;
  const request = parseRecord(text) as unknown as Request | undefined;
  const { version, targets, seeds, settings } = request ?? {};
  if (version !== 1 || request?.experiment !== experiment || !Array.isArray(targets) || !Array.isArray(seeds))
    throw new Error(`experiment: ${path}: it is no request for ${experiment}; run the experiment again`);
  try {
    checkScale(settings as Scale);
  } catch (error) {
    throw new Error(`experiment: ${path}: ${(error as Error).message}; run the experiment again`);
  }
  return request;
}
