import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { formatOfName } from './format.ts';

/** 0 normal, 1 defective. */
export type Label = 0 | 1;

/** The kind of a sample without a defect, in both layouts. */
export const good = 'good';

export interface Sample {
  /** Path relative to the task's folder, with `/` between its parts on every system. */
  readonly id: string;
  /** Absolute path. */
  readonly path: string;
  readonly label: Label;
  /** 'good', or the defect's type ('defect' where the layout names none). */
  readonly kind: string;
  /** Absolute path of the picture that marks the defect. */
  readonly mask?: string;
  /** Of a picture that was loaded: `pixelDigest` of it at `digestSide`, alike whatever size it was loaded with. */
  readonly digest?: string;
}

/** `classes`: one folder per class. `mvtec`: MVTec AD. */
export type Layout = 'classes' | 'mvtec';

export interface Task {
  /** The folder's name. */
  readonly name: string;
  /** The folder's absolute path. */
  readonly root: string;
  readonly layout: Layout;
  /** Sorted by id (by code units, so alike on every system). */
  readonly samples: readonly Sample[];
  /** What a user should know, one sentence each: empty classes, missing masks, files left out ... */
  readonly problems: readonly string[];
}

export interface DiscoverOptions {
  /** Is told of folders inside DIR that were passed over: `path: reason`. */
  readonly onProblem?: (problem: string) => void;
}

const normalNames = new Set(['0', 'good', 'ok', 'normal']);
const defectiveNames = new Set(['1', 'bad', 'ng', 'nok', 'defect', 'defective']);

const expected = [
  'expected one task, or a folder of tasks, in one of two layouts:',
  '  class folders: 0/ (normal) and 1/ (defective); good/ and bad/, ok/ and ng/, normal/ and defective/ also do',
  '  MVTec AD: train/good/, test/good/, test/<defect type>/, and ground_truth/<defect type>/<name>_mask.png',
  'with PNG, JPEG, BMP or TIFF pictures in them',
].join('\n');

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const isNormal = (folder: string): boolean => normalNames.has(folder.toLowerCase());
const isClass = (folder: string): boolean => isNormal(folder) || defectiveNames.has(folder.toLowerCase());
/** A folder that names a class says no more than 'good' or 'defect'; any other names a defect's type. */
const kindOf = (folder: string): string => (isNormal(folder) ? good : isClass(folder) ? 'defect' : folder);

interface Listing {
  /** Names of folders and of files, sorted; names that begin with a dot are left out. */
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/** Lists a folder, following links; what cannot be followed is reported. */
const list = async (path: string, problem: (text: string) => void): Promise<Listing> => {
  const folders: string[] = [];
  const files: string[] = [];
  let entries: Dirent[];
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    problem(`${path}: the folder cannot be read (${codeOf(error)})`);
    return { folders, files };
  }
  for (const entry of entries.sort((a, b) => byCodeUnits(a.name, b.name))) {
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) folders.push(entry.name);
    else if (entry.isFile()) files.push(entry.name);
    else if (entry.isSymbolicLink()) {
      const target = join(path, entry.name);
      try {
        ((await stat(target)).isDirectory() ? folders : files).push(entry.name);
      } catch (error) {
        problem(`${target}: the link leads nowhere (${codeOf(error)})`);
      }
    }
  }
  return { folders, files };
};

/** "7 files" and the first of them. */
const some = (what: string, names: readonly string[]): string =>
  `${names.length} ${what}${names.length === 1 ? '' : 's'} (${names.length === 1 ? '' : 'the first is '}${names[0]})`;

/** Collects the samples of one task, and what is wrong with it. */
class Collector {
  readonly root: string;
  readonly samples: Sample[] = [];
  readonly problems: string[] = [];

  constructor(root: string) {
    this.root = root;
  }

  readonly report = (problem: string): void => {
    this.problems.push(problem);
  };

  list(...parts: string[]): Promise<Listing> {
    return list(join(this.root, ...parts), this.report);
  }

  /** Reports files and folders that have no place where they are. */
  foreign({ folders, files }: Listing, where: string): void {
    const at = where ? `${where}/: ` : '';
    if (files.length > 0)
      this.report(
        `${at}${some('file', files)} left out: not PNG, JPEG, BMP or TIFF by name, or out of place`,
      );
    if (folders.length > 0) this.report(`${at}${some('folder', folders)} left out: not part of the layout`);
  }

  /** Adds the pictures of a folder; `maskOf` maps a file name to its mask. */
  async add(folder: string, kind: string, maskOf?: (file: string) => string | undefined): Promise<void> {
    const { folders, files } = await this.list(...folder.split('/'));
    const pictures = files.filter((file) => formatOfName(file));
    this.foreign({ folders, files: files.filter((file) => !formatOfName(file)) }, folder);
    if (pictures.length === 0) this.report(`${folder}/ holds no picture`);
    for (const file of pictures) {
      const id = `${folder}/${file}`;
      const mask = maskOf?.(file);
      const label: Label = kind === good ? 0 : 1;
      this.samples.push({ id, path: join(this.root, id), label, kind, ...(mask && { mask }) });
    }
  }

  finish(layout: Layout): Task {
    for (const [label, name] of [
      [0, 'normal'],
      [1, 'defective'],
    ] as const) {
      if (!this.samples.some((sample) => sample.label === label))
        this.report(`the task has no ${name} picture`);
    }
    const samples = this.samples.sort((a, b) => byCodeUnits(a.id, b.id));
    return { name: basename(this.root), root: this.root, layout, samples, problems: this.problems };
  }
}

const readClasses = async (root: string, listing: Listing): Promise<Task> => {
  const collector = new Collector(root);
  const folders = listing.folders.filter((folder) => !isClass(folder));
  collector.foreign({ folders, files: listing.files }, '');
  for (const folder of listing.folders.filter(isClass)) {
    await collector.add(folder, kindOf(folder));
  }
  return collector.finish('classes');
};

/** `000_mask.png` and `000.png` both mask `000.jpg`. */
const stem = (file: string): string => file.replace(/\.[^.]*$/, '');

const addDefects = async (collector: Collector, type: string, marked: boolean): Promise<void> => {
  const masks = new Map<string, string>();
  if (marked) {
    const { files } = await collector.list('ground_truth', type);
    for (const file of files.filter((name) => formatOfName(name)))
      masks.set(stem(file).replace(/_mask$/, ''), file);
  }
  const without: string[] = [];
  const used = new Set<string>();
  await collector.add(`test/${type}`, kindOf(type), (file) => {
    const mask = masks.get(stem(file));
    if (!mask) {
      without.push(file);
      return undefined;
    }
    used.add(mask);
    return join(collector.root, 'ground_truth', type, mask);
  });
  if (marked && without.length > 0)
    collector.report(`test/${type}/: ${some('picture', without)} without a mask`);
  const left = [...masks.values()].filter((mask) => !used.has(mask));
  if (left.length > 0) collector.report(`ground_truth/${type}/: ${some('mask', left)} without a picture`);
};

const readMvtec = async (root: string, listing: Listing): Promise<Task> => {
  const collector = new Collector(root);
  const parts = ['train', 'test', 'ground_truth'];
  collector.foreign(
    { folders: listing.folders.filter((name) => !parts.includes(name)), files: listing.files },
    '',
  );
  const has = (part: string): boolean => listing.folders.includes(part);

  if (has('train')) {
    const train = await collector.list('train');
    for (const folder of train.folders.filter(isClass))
      await collector.add(`train/${folder}`, kindOf(folder));
    collector.foreign(
      { folders: train.folders.filter((name) => !isClass(name)), files: train.files },
      'train',
    );
  } else collector.report('there is no train/ folder');

  if (has('test')) {
    const test = await collector.list('test');
    const marked = has('ground_truth') ? (await collector.list('ground_truth')).folders : [];
    if (!has('ground_truth')) collector.report('there is no ground_truth/ folder: the defects have no masks');
    for (const folder of test.folders) {
      if (isNormal(folder)) await collector.add(`test/${folder}`, good);
      else {
        if (has('ground_truth') && !marked.includes(folder))
          collector.report(`ground_truth/${folder}/ is missing`);
        await addDefects(collector, folder, marked.includes(folder));
      }
    }
    collector.foreign({ folders: [], files: test.files }, 'test');
  } else collector.report('there is no test/ folder');
  return collector.finish('mvtec');
};

/** The task in a folder, or undefined where it has neither layout. */
const readTask = async (root: string, listing: Listing): Promise<Task | undefined> => {
  const { folders } = listing;
  if (folders.includes('train') || folders.includes('test')) {
    const ignore = (): void => undefined; // what is wrong is reported once the layout is certain
    const train = await list(join(root, 'train'), ignore);
    const test = await list(join(root, 'test'), ignore);
    if (train.folders.some(isNormal) || test.folders.some(isNormal)) return readMvtec(root, listing);
  }
  return folders.some(isClass) ? readClasses(root, listing) : undefined;
};

/**
 * Finds the inspection tasks in a folder, which is one task or holds tasks, by looking at its folders: class
 * folders (`0/`, `1/`) or MVTec AD (`train/good`, `test/<type>`, `ground_truth/<type>`). Names alone are looked
 * at; no picture is opened.
 * @returns the tasks sorted by name, never none; each lists its own problems.
 * @throws Error when the folder does not exist, cannot be read, or holds no task; it says what is expected.
 */
export const discoverTasks = async (dir: string, options: DiscoverOptions = {}): Promise<Task[]> => {
  const report = options.onProblem ?? ((): void => undefined);
  const root = resolve(dir);
  const fail = (problem: string): never => {
    throw new Error(`discoverTasks: ${problem}\n${expected}`);
  };
  const info = await stat(root).catch((error) =>
    fail(`${root}: the folder cannot be read (${codeOf(error)})`),
  );
  if (!info.isDirectory()) fail(`${root}: not a folder`);
  const problems: string[] = [];
  const listing = await list(root, (problem) => problems.push(problem));
  const single = await readTask(root, listing);
  if (single) {
    for (const problem of problems) report(problem);
    return [single];
  }

  const tasks: Task[] = [];
  for (const folder of listing.folders) {
    const path = join(root, folder);
    const before = problems.length;
    const inner = await list(path, (problem) => problems.push(problem));
    const task = await readTask(path, inner);
    if (task) tasks.push(task);
    else if (problems.length === before) problems.push(`${path}: passed over, it has neither layout`);
  }
  if (tasks.length === 0) fail([`${root}: no task found`, ...problems].join('\n'));
  for (const problem of problems) report(problem);
  return tasks;
};
