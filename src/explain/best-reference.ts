import { type Placement, registerReference } from '../data/index.ts';
import { imageOf, otherReferences, type TaskImages } from '../medetection/index.ts';

/** A defect-free reference beside an image of a task. */
export interface BestReference {
  /** Its index in the task. */
  readonly index: number;
  /** Bytes [3, size, size]: as it is, or laid over the image. */
  readonly image: Uint8Array;
  /** Where the two differ: {@link pixelDifference}. */
  readonly difference: Float32Array;
  /** The mean of the difference, by which the best was chosen. */
  readonly distance: number;
  /** How it was laid over the image. */
  readonly placement: Placement;
}

/** Mean absolute difference over the channels of two pictures of bytes [3, size, size], in [0, 1]: [size, size]. */
export function pixelDifference(a: Uint8Array, b: Uint8Array): Float32Array {
  if (a.length !== b.length || a.length % 3 !== 0)
    throw new RangeError(`pixelDifference: pictures of ${a.length} and ${b.length} values: give one size`);
  const plane = a.length / 3;
  return Float32Array.from({ length: plane }, (_, i) => {
    let sum = 0;
    for (let c = i; c < a.length; c += plane) sum += Math.abs(a[c] - b[c]);
    return sum / (3 * 255);
  });
}

/**
 * The reference that matches an image best: that with the smallest mean absolute difference of pixels, the first of equal
 * ones. By pixels and not by features, since this is what people compare with their eyes, and it says the same for every network.
 *
 * @param references indices of defect-free images of the task; the image itself is passed over.
 * @param register lays each reference over the image first: see `registerReference`.
 * @throws when there is no reference.
 */
export function bestReference(
  task: TaskImages,
  image: number,
  references: readonly number[],
  register = false,
): BestReference {
  if (references.length === 0) throw new Error('bestReference: there is no reference to compare with');
  const pixels = imageOf(task, image);
  const candidates = otherReferences(image, references).map((index): BestReference => {
    const asItIs = imageOf(task, index);
    const { image: reference, ...placement } = register
      ? registerReference(pixels, asItIs, task.size)
      : { image: asItIs, angle: 0, dx: 0, dy: 0 };
    const difference = pixelDifference(pixels, reference);
    const distance = difference.reduce((a, b) => a + b) / difference.length;
    return { index, image: reference, difference, distance, placement };
  });
  return candidates.reduce((best, c) => (c.distance < best.distance ? c : best));
}
