import { type Copies, findDuplicates, findShared, fingerprints, type Sample } from '../data/index.ts';
import { picked, type TaskImages } from './batch.ts';
import type { Parts } from './fine-tune.ts';
import type { LoadHooks } from './run-tasks.ts';

/**
 * What becomes of a picture that is on both sides of a split, or in a learned task as well as in the target:
 * - `separate`: copies (equal pixels) are kept on one side, and out of learned tasks; near duplicates are warned of;
 * - `warn`: everything stays where it is; copies and near duplicates are warned of;
 * - `refuse`: either is an error.
 */
export const duplicatePolicies = ['separate', 'warn', 'refuse'] as const;
export type DuplicatePolicy = (typeof duplicatePolicies)[number];

/** How many of a list are named in a message. */
const NAMED = 5;

/** Some lines of a list, and how many more there are. */
export const someLines = (lines: readonly string[]): string =>
  [
    ...lines.slice(0, NAMED).map((line) => `  ${line}`),
    ...(lines.length > NAMED ? [`  and ${lines.length - NAMED} more`] : []),
  ].join('\n');

const counted = (count: number, singular: string, plural: string): string =>
  `${count} ${count === 1 ? singular : plural}`;

/** The pictures of a task of which there are several, by id. */
export interface TaskDuplicates {
  readonly copies: readonly (readonly Sample[])[];
  readonly near: readonly (readonly [Sample, Sample])[];
}

/** Finds the copies and near duplicates among the pictures of a task, or of several joined. */
export function duplicatesOf(images: TaskImages): TaskDuplicates {
  const { copies, near } = findDuplicates(fingerprints(images));
  const sample = (i: number): Sample => images.samples[i];
  return {
    copies: copies.map((group) => group.map(sample)),
    near: near.map(([a, b]) => [sample(a), sample(b)] as const),
  };
}

/** The groups of copies as a split takes them. */
export const copiesById = ({ copies }: TaskDuplicates): Copies =>
  new Map(copies.flatMap((group) => group.map(({ id }): [string, string] => [id, group[0].id])));

/** Groups of copies that are called normal as well as defective. */
export const contradictions = ({ copies }: TaskDuplicates): (readonly Sample[])[] =>
  copies.filter((group) => group.some(({ label }) => label !== group[0].label));

/**
 * Tells of pictures that are in two parts of a split at once, of copies with two labels, and of copies that were kept together.
 * @throws where the policy is to refuse, listing the pictures.
 */
export function guardParts(
  name: string,
  task: TaskImages,
  parts: Parts,
  duplicates: TaskDuplicates,
  policy: DuplicatePolicy,
  warn: LoadHooks['warn'],
): void {
  const partOf = new Map(
    Object.entries(parts).flatMap(([part, indices]: [string, readonly number[]]) =>
      indices.map((i): [string, string] => [task.samples[i].id, part]),
    ),
  );
  const apart = (pair: readonly Sample[]): boolean => {
    const found = pair.flatMap(({ id }) => partOf.get(id) ?? []);
    return new Set(found).size > 1;
  };
  const line = (group: readonly Sample[]): string =>
    group.map(({ id }) => `${id} (${partOf.get(id) ?? 'unused'})`).join(' = ');
  const tell = (groups: readonly (readonly Sample[])[], what: string, remedy: string): void => {
    if (groups.length === 0) return;
    const message = `${name}: ${counted(groups.length, 'picture is', 'pictures are')} ${what}:\n${someLines(groups.map(line))}\n${remedy}`;
    if (policy === 'refuse') throw new Error(`duplicates: ${message}`);
    warn?.(message);
  };
  tell(
    contradictions(duplicates),
    'there both as normal and as defective, with equal pixels',
    'remove the one that is wrong',
  );
  tell(
    duplicates.copies.filter(apart),
    'in two parts of the split, with equal pixels',
    'what the test part shows is partly learned by heart: remove the copies, or give --duplicates separate',
  );
  tell(
    duplicates.near.filter(apart),
    'in two parts of the split nearly alike',
    'if they are the same photographs, what the test part shows is partly learned by heart: remove one of each pair',
  );
  if (policy === 'separate' && duplicates.copies.length > 0)
    warn?.(
      `${name}: ${counted(duplicates.copies.length, 'picture is', 'pictures are')} there more than once; copies are kept in one part of the split`,
    );
}

/** A task that is learned from. */
interface Named {
  readonly name: string;
  readonly images: TaskImages;
}

/**
 * The pictures of learned tasks without those that are the target's: what is learned from them would not be new to it.
 * @throws where the policy is to refuse, listing the pictures.
 */
export function withoutTarget(
  learned: readonly Named[],
  target: Named,
  policy: DuplicatePolicy,
  warn: LoadHooks['warn'],
): TaskImages[] {
  const targetPrints = fingerprints(target.images);
  return learned.map(({ name, images }) => {
    const { copies, near } = findShared(fingerprints(images), targetPrints);
    const tell = (pairs: typeof copies, what: string): void => {
      if (pairs.length === 0) return;
      const lines = pairs.map(
        ([i, j]) => `${name}/${images.samples[i].id} = ${target.name}/${target.images.samples[j].id}`,
      );
      const message = `task ${name}: ${counted(new Set(pairs.map(([i]) => i)).size, 'picture', 'pictures')} ${what} of ${target.name}, which is to be new:\n${someLines(lines)}`;
      if (policy === 'refuse')
        throw new Error(`duplicates: ${message}\nremove them, or leave the task out by --leave-out ${name}`);
      warn?.(message);
    };
    tell(copies, policy === 'separate' ? 'left out as copies of pictures' : 'with the pixels of pictures');
    tell(near, 'nearly like pictures');
    const copied = new Set(copies.map(([i]) => i));
    if (policy === 'warn' || copied.size === 0) return images;
    return picked(
      images,
      images.samples.map((_, i) => i).filter((i) => !copied.has(i)),
    );
  });
}
