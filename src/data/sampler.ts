import type { Random } from '../random.ts';
import type { Label } from './tasks.ts';

/** One image of an episode, by its index in the task's labels, with the reference that it is compared with. */
export interface Shot {
  readonly index: number;
  readonly label: Label;
  /** Index of a normal image, never `index` itself. */
  readonly reference: number;
}

export interface Episode {
  readonly support: readonly Shot[];
  readonly query: readonly Shot[];
}

export interface EpisodeOptions {
  /** Images to adapt on. */
  readonly support: number;
  /** Images to judge the adaptation by. */
  readonly query: number;
  readonly random: Random;
  /**
   * `balanced` (default): as many defective as normal ones, as far as the rest allows. `natural`: drawn from what
   * the support leaves, whatever the labels.
   */
  readonly queryMix?: 'balanced' | 'natural';
}

const indicesOf = (labels: ArrayLike<number>, label: Label): number[] =>
  Array.from({ length: labels.length }, (_, i) => i).filter((i) => labels[i] === label);

const checkCount = (where: string, name: string, count: number, least: number): void => {
  if (!Number.isInteger(count) || count < least) {
    throw new RangeError(`${where}: ${name} must be an integer of at least ${least}, got ${count}`);
  }
};

/** Half of `count` from each pile (the odd one from the first); what one pile lacks comes from the other. */
export const halves = (count: number, first: number, second: number): [number, number] => {
  const fromSecond = Math.min(second, Math.max(Math.floor(count / 2), count - first));
  return [count - fromSecond, fromSecond];
};

/**
 * Pairs each image with a reference from `pool`, in shuffled order without repetition as long as it lasts; an image
 * is never its own reference.
 * @throws Error when the pool offers some image nothing but itself.
 */
export const pairReferences = (
  indices: readonly number[],
  pool: readonly number[],
  random: Random,
): number[] => {
  let queue: number[] = [];
  return indices.map((index) => {
    if (!pool.some((candidate) => candidate !== index)) {
      throw new Error(
        `pairReferences: image ${index} has no reference: of ${pool.length} normal images none is another one`,
      );
    }
    if (!queue.some((candidate) => candidate !== index)) queue = queue.concat(random.shuffle([...pool]));
    const at = queue.findIndex((candidate) => candidate !== index);
    return queue.splice(at, 1)[0];
  });
};

/**
 * Draws an episode of a task: support and query without replacement, so no image occurs twice.
 *
 * The support is half normal and half defective (an odd one is normal). Where a class has too few, the other fills
 * up; one image of each class is left for the query as long as it has room for both. References are normal images
 * that are not in the episode; where none is left, the support's normal images are each other's, and the query's.
 * @param labels 0 normal, 1 defective, by index.
 * @throws Error with the task's counts when it has not enough images: `support + query` in all, two normal ones and
 * one defective (two with a query of two or more).
 */
export const sampleEpisode = (labels: ArrayLike<number>, options: EpisodeOptions): Episode => {
  const { support, query, random, queryMix = 'balanced' } = options;
  checkCount('sampleEpisode', 'support', support, 2);
  checkCount('sampleEpisode', 'query', query, 0);
  const normal = random.shuffle(indicesOf(labels, 0));
  const defective = random.shuffle(indicesOf(labels, 1));
  // One of each class is kept back for the query where it can hold both.
  const kept = query >= 2 ? 1 : 0;
  const total = normal.length + defective.length;
  const short = normal.length < 2 || defective.length < 1 + kept || total < support + query;
  if (short) {
    throw new Error(
      `sampleEpisode: the task has ${normal.length} normal and ${defective.length} defective images; ` +
        `an episode of ${support} support and ${query} query images needs ${support + query} in all, ` +
        `2 normal and ${1 + kept} defective at least: add images or make the episode smaller`,
    );
  }

  const [supportNormal, supportDefective] = halves(support, normal.length - kept, defective.length - kept);
  const supportIndices = [...normal.splice(0, supportNormal), ...defective.splice(0, supportDefective)];
  const rest = random.shuffle([...normal, ...defective]);
  const [queryNormal, queryDefective] = halves(query, normal.length, defective.length);
  const queryIndices =
    queryMix === 'natural'
      ? rest.slice(0, query)
      : [...normal.slice(0, queryNormal), ...defective.slice(0, queryDefective)];

  const used = new Set([...supportIndices, ...queryIndices]);
  const unused = indicesOf(labels, 0).filter((index) => !used.has(index));
  const inSupport = supportIndices.filter((index) => labels[index] === 0);
  const references = unused.length > 0 ? unused : inSupport.length > 1 ? inSupport : indicesOf(labels, 0);
  const shots = (indices: number[]): Shot[] => {
    const order = random.shuffle(indices);
    const pairs = pairReferences(order, references, random);
    return order.map((index, i) => ({ index, label: labels[index] as Label, reference: pairs[i] }));
  };
  return { support: shots(supportIndices), query: shots(queryIndices) };
};

/**
 * `count` normal images, without repetition, to compare every test image with.
 * @throws Error when the task has fewer.
 */
export const pickReferences = (labels: ArrayLike<number>, count: number, random: Random): number[] => {
  checkCount('pickReferences', 'count', count, 1);
  const normal = indicesOf(labels, 0);
  if (normal.length < count) {
    throw new Error(
      `pickReferences: the task has ${normal.length} normal images, ${count} references are asked for`,
    );
  }
  return random.shuffle(normal).slice(0, count);
};

/**
 * One epoch of mini-batches: the indices 0 to count - 1 in shuffled order, each once.
 * @param partial what becomes of a last batch that is not full: kept (default) or dropped.
 * @throws RangeError unless count >= 0 and size >= 1 are integers.
 */
export function* batches(
  count: number,
  size: number,
  random: Random,
  partial: 'keep' | 'drop' = 'keep',
): Generator<number[], void, undefined> {
  checkCount('batches', 'count', count, 0);
  checkCount('batches', 'size', size, 1);
  const order = random.shuffle(Array.from({ length: count }, (_, i) => i));
  const end = partial === 'drop' ? count - (count % size) : count;
  for (let start = 0; start < end; start += size) yield order.slice(start, Math.min(start + size, end));
}
