import { pixelDigest } from '../../src/data/index.ts';
import { type Tensor, tensor, tree } from '../../src/graph/index.ts';
import { defaultModel, type ModelParams, type TaskImages } from '../../src/medetection/index.ts';
import { Random } from '../../src/random.ts';

/** A network small enough to be trained in a test. */
export const small = { ...defaultModel, size: 32, width: 8 };

/** A task of 32 px pictures, the first half normal; of noise, or each of one grey. */
export function drawnTask(count: number, seed: number, constant = false): TaskImages {
  const { size } = small;
  const random = new Random(seed);
  const length = 3 * size * size;
  const images = new Uint8Array(count * length);
  const labels = Uint8Array.from({ length: count }, (_, i) => (i < count / 2 ? 0 : 1));
  for (let i = 0; i < count; i++) {
    const image = images.subarray(i * length, (i + 1) * length);
    if (constant) image.fill(random.int(256));
    else for (let k = 0; k < length; k++) image[k] = random.int(labels[i] === 0 ? 256 : 128);
  }
  const samples = Array.from(labels, (label, i) => ({
    id: `${i}.png`,
    path: `/pictures/${i}.png`,
    label: label as 0 | 1,
    kind: label === 0 ? 'good' : 'defect',
    digest: pixelDigest(images.subarray(i * length, (i + 1) * length)),
  }));
  return { images, size, labels, samples, skipped: [] };
}

/** Parameters with one tensor, by its path, filled with a value. */
export const withFilled = (params: ModelParams, path: string, value: number): ModelParams =>
  tree.mapWithPath(
    (name: string, t: Tensor) => (name === path ? tensor(new Float32Array(t.size).fill(value), t.shape) : t),
    params,
  );
