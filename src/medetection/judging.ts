import { pixelDigest } from '../data/index.ts';
import { Random } from '../random.ts';
import { imageOf, otherReferences, type Pairing, type TaskImages } from './batch.ts';
import type { ModelConfig } from './config.ts';
import type { FineTuneOptions } from './fine-tune.ts';

/** What of a fine-tuning decides how images are judged. */
export type Judging = Pick<FineTuneOptions, 'scales' | 'referenceChoice'>;

/** Pairs per forward pass. One size for all passes, so that one plan serves a scale; the last one is filled up. */
export const BATCH = 32;

/** A batch of full size: what is missing repeats what is there. */
export const fill = <T>(batch: readonly T[], size: number): T[] =>
  Array.from({ length: size }, (_, i) => batch[i % batch.length]);

/** A pair that has a say in what is found of an image, and the side in pixels at which it is shown. */
export interface JudgedPair extends Pairing {
  /** The image's place among those that are judged. */
  readonly place: number;
  readonly scale: number;
}

/** The sizes in pixels at which the images of a task are judged. */
export const scalesOf = ({ scales }: Judging, { size }: Pick<TaskImages, 'size'>): readonly number[] =>
  scales ?? [size];

/**
 * The references that an image is judged by: all but itself, or one of them. That one is drawn by the image's pixels, so that a picture
 * meets the same reference wherever it lies and whatever else is judged.
 */
export function referencesOf(
  task: TaskImages,
  image: number,
  references: readonly number[],
  { referenceChoice }: Judging,
): readonly number[] {
  const allowed = otherReferences(image, references);
  if (referenceChoice === 'fixed') return allowed;
  return [allowed[new Random(0).fork(pixelDigest(imageOf(task, image))).int(allowed.length)]];
}

/**
 * All pairs that images are judged by, in batches of one scale each, at most {@link BATCH} pairs.
 * @param references indices of defect-free images of the task; one that is the image itself is passed over
 */
export function judgedPairs(
  task: TaskImages,
  images: readonly number[],
  references: readonly number[],
  judging: Judging,
): JudgedPair[][] {
  const pairings = images.flatMap((index, place) =>
    referencesOf(task, index, references, judging).map((reference) => ({ index, reference, place })),
  );
  const batches: JudgedPair[][] = [];
  for (const scale of [...scalesOf(judging, task)].sort((a, b) => a - b))
    for (let i = 0; i < pairings.length; i += BATCH)
      batches.push(pairings.slice(i, i + BATCH).map((pairing) => ({ ...pairing, scale })));
  return batches;
}

/** How a picture's score comes about, in words without a full stop: what it is compared with, and which mean counts. */
export function judgingWords(
  { siamese }: Pick<ModelConfig, 'siamese'>,
  { referenceChoice, scales = [] }: Judging,
  references: number,
): string {
  const sizes = scales.length > 1 ? [`${scales.length} sizes`] : [];
  const all = siamese && referenceChoice === 'fixed' && references > 1 ? ['all references'] : [];
  const over = [...all, ...sizes].join(' and ');
  const counts = over === '' ? '' : ` (the mean of the logits over ${over} counts)`;
  if (!siamese) return `each picture is judged by itself, without a reference${counts}`;
  const drawn = referenceChoice === 'random' && references > 1;
  const by = drawn
    ? `one of ${references} references, drawn for it`
    : `${references} ${references === 1 ? 'reference' : 'references'}`;
  return `each picture is compared with ${by}${counts}`;
}
