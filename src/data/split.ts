import { createHash } from 'node:crypto';
import { Random } from '../random.ts';
import type { Label, Sample, Task } from './tasks.ts';

export interface SplitOptions {
  readonly seed: number;
  /** Part of the samples that is for training. Default 0.7. */
  readonly trainFraction?: number;
  /** Samples that stay on one side. */
  readonly copies?: Copies;
}

/** Which samples are copies of one picture: a name of their group, by the id of each. */
export type Copies = ReadonlyMap<string, string>;

export interface Split {
  /** Both sorted by id. */
  readonly train: readonly Sample[];
  readonly test: readonly Sample[];
  /** SHA-256 (hex) of which samples, with which labels, are on which side. */
  readonly hash: string;
}

/** What `split.json` holds: enough to restore a split, and to see that nothing changed. */
export interface SplitRecord {
  readonly version: 1;
  readonly task: string;
  readonly seed: number;
  readonly trainFraction: number;
  readonly hash: string;
  readonly train: readonly SplitEntry[];
  readonly test: readonly SplitEntry[];
}

type SplitEntry = Pick<Sample, 'id' | 'label' | 'kind'>;

const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  a.id < b.id ? -1 : a.id > b.id ? 1 : 0;

/**
 * How many of each group go to the first side: `fraction` of the total, spread by largest remainder. A group of two
 * or more is on both sides.
 */
const apportion = (sizes: readonly number[], fraction: number): number[] => {
  const clamp = (count: number, size: number): number =>
    size < 2 ? Math.min(count, size) : Math.min(Math.max(count, 1), size - 1);
  const counts = sizes.map((size) => clamp(Math.floor(size * fraction), size));
  const total = Math.round(sizes.reduce((sum, size) => sum + size, 0) * fraction);
  const canGrow = (i: number): boolean => clamp(counts[i] + 1, sizes[i]) > counts[i];
  const lack = (i: number): number => sizes[i] * fraction - counts[i];
  for (let missing = total - counts.reduce((sum, count) => sum + count, 0); missing > 0; missing--) {
    const growing = sizes.map((_, i) => i).filter(canGrow);
    if (growing.length === 0) break;
    counts[growing.reduce((best, i) => (lack(i) > lack(best) ? i : best))]++;
  }
  return counts;
};

/** Parts samples in two, each kind by the same fraction, in an order that depends on ids and seed alone. */
const partition = (
  samples: readonly Sample[],
  fraction: number,
  random: Random,
  where: string,
): [Sample[], Sample[]] => {
  if (!(fraction > 0 && fraction < 1))
    throw new RangeError(`${where}: the fraction must be between 0 and 1, got ${fraction}`);
  const first: Sample[] = [];
  const second: Sample[] = [];
  const labels: readonly Label[] = [0, 1];
  for (const label of labels) {
    const ofLabel = samples.filter((sample) => sample.label === label).sort(byId);
    const kinds = [...new Set(ofLabel.map(({ kind }) => kind))].sort();
    const groups = kinds.map((kind) => ofLabel.filter((sample) => sample.kind === kind));
    const counts = apportion(
      groups.map((group) => group.length),
      fraction,
    );
    groups.forEach((group, i) => {
      const shuffled = random.fork(`${label}/${kinds[i]}`).shuffle([...group]);
      first.push(...shuffled.slice(0, counts[i]));
      second.push(...shuffled.slice(counts[i]));
    });
  }
  return [first.sort(byId), second.sort(byId)];
};

/** Moves samples of the second side that are copies of one on the first to the first. */
const keepTogether = (
  first: readonly Sample[],
  second: readonly Sample[],
  copies: Copies,
): [Sample[], Sample[]] => {
  const here = new Set(first.map(({ id }) => copies.get(id)));
  const moves = ({ id }: Sample): boolean => copies.has(id) && here.has(copies.get(id));
  return [[...first, ...second.filter(moves)].sort(byId), second.filter((sample) => !moves(sample))];
};

const noCopies: Copies = new Map();

const hashOf = (train: readonly SplitEntry[], test: readonly SplitEntry[]): string => {
  const line =
    (side: string) =>
    ({ id, label }: SplitEntry) =>
      `${JSON.stringify([side, label, id])}\n`;
  const lines = [...[...train].sort(byId).map(line('train')), ...[...test].sort(byId).map(line('test'))];
  return createHash('sha256').update(lines.join('')).digest('hex');
};

/** A split that was chosen otherwise. */
export const splitOf = (train: readonly Sample[], test: readonly Sample[]): Split => ({
  train: [...train].sort(byId),
  test: [...test].sort(byId),
  hash: hashOf(train, test),
});

/**
 * Splits a task into training and test samples: stratified by kind (so by label too), drawn by a seed, the same for
 * every order in which a file system lists the files. A kind with at least two samples is on both sides, unless they are
 * copies: what is a copy of a training sample is then for training too, so that the test part shows nothing learned from.
 * @throws RangeError unless 0 < trainFraction < 1.
 */
export const splitTask = (task: Pick<Task, 'samples'>, options: SplitOptions): Split => {
  const { seed, trainFraction = 0.7, copies = noCopies } = options;
  const [first, second] = partition(task.samples, trainFraction, new Random(seed).fork('split'), 'splitTask');
  const [train, test] = keepTogether(first, second, copies);
  return splitOf(train, test);
};

/**
 * Takes a validation part, stratified as in {@link splitTask}, out of the training part.
 * @param fraction the part of `train` that is for validation.
 * @throws RangeError unless 0 < fraction < 1.
 */
export const splitValidation = (
  train: readonly Sample[],
  fraction: number,
  seed: number,
  copies: Copies = noCopies,
): { train: Sample[]; validation: Sample[] } => {
  const [validation, rest] = partition(
    train,
    fraction,
    new Random(seed).fork('validation'),
    'splitValidation',
  );
  const [learned, judged] = keepTogether(rest, validation, copies);
  return { train: learned, validation: judged };
};

/** The text of `split.json`. */
export const serialiseSplit = (split: Split, task: string, options: SplitOptions): string => {
  const entry = ({ id, label, kind }: Sample): SplitEntry => ({ id, label, kind });
  const record: SplitRecord = {
    version: 1,
    task,
    seed: options.seed,
    trainFraction: options.trainFraction ?? 0.7,
    hash: split.hash,
    train: split.train.map(entry),
    test: split.test.map(entry),
  };
  return `${JSON.stringify(record, null, 1)}\n`;
};

const isEntry = (value: unknown): value is SplitEntry => {
  const entry = value as SplitEntry | null;
  return (
    typeof entry?.id === 'string' &&
    typeof entry.kind === 'string' &&
    (entry.label === 0 || entry.label === 1)
  );
};

/**
 * Reads the text of `split.json`.
 * @param file its name, for errors.
 * @throws Error when it is not JSON, not a split, of another version, or was changed after its hash was taken.
 */
export const parseSplit = (text: string, file = 'split.json'): SplitRecord => {
  const fail = (reason: string): never => {
    throw new Error(`parseSplit: ${file}: ${reason}`);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    fail(`not JSON (${(error as Error).message})`);
  }
  const record = value as SplitRecord | null;
  if (record?.version !== 1) fail(`expected version 1, found ${JSON.stringify(record?.version)}`);
  const { task, seed, trainFraction, hash, train, test } = record as SplitRecord;
  const sides = [train, test];
  if (!sides.every((side) => Array.isArray(side) && side.every(isEntry))) {
    fail('train and test must be lists of {id, label, kind}');
  }
  if (typeof task !== 'string' || typeof seed !== 'number' || typeof trainFraction !== 'number') {
    fail('task, seed and trainFraction are missing or of the wrong type');
  }
  if (new Set(sides.flat().map(({ id }) => id)).size !== train.length + test.length)
    fail('an id occurs twice');
  const actual = hashOf(train, test);
  if (actual !== hash) fail(`its samples have hash ${actual}, but it states ${hash}: the file was changed`);
  return { version: 1, task, seed, trainFraction, hash, train, test };
};

/**
 * Finds the samples of a recorded split in a task as it is now.
 * @returns the split, and the samples that the task gained since, which are on neither side.
 * @throws Error that counts and names samples which are gone or have another label.
 */
export const restoreSplit = (record: SplitRecord, task: Task): Split & { readonly unassigned: Sample[] } => {
  const now = new Map(task.samples.map((sample) => [sample.id, sample]));
  const entries = [...record.train, ...record.test];
  const complain = (ids: readonly string[], what: string): void => {
    if (ids.length === 0) return;
    throw new Error(
      `restoreSplit: ${task.root}: ${ids.length} of the split's ${entries.length} samples ${what}, the first is ${ids[0]}: restore the files or make a new split`,
    );
  };
  const idsWhere = (wrong: (entry: SplitEntry) => boolean): string[] =>
    entries.filter(wrong).map(({ id }) => id);
  complain(
    idsWhere(({ id }) => !now.has(id)),
    'are missing',
  );
  complain(
    idsWhere(({ id, label }) => now.get(id)!.label !== label),
    'have another label now',
  );
  const find = ({ id }: SplitEntry): Sample => now.get(id)!;
  const assigned = new Set(entries.map(({ id }) => id));
  return {
    train: record.train.map(find),
    test: record.test.map(find),
    hash: record.hash,
    unassigned: task.samples.filter(({ id }) => !assigned.has(id)),
  };
};
