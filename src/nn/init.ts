import { sizeOf, type Tensor, tensor } from '../graph/index.ts';
import type { Random } from '../random.ts';

/** A normal number of mean 0 and deviation 1, by the Box-Muller transform. */
function gaussian(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}

/** Normal numbers of mean 0. */
export function normal(random: Random, shape: readonly number[], deviation: number): Tensor {
  const data = new Float32Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = deviation * gaussian(random);
  return tensor(data, shape);
}

/** Normal numbers of mean 0, each drawn again while it is more than two deviations away. */
export function truncatedNormal(random: Random, shape: readonly number[], deviation: number): Tensor {
  const data = new Float32Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) {
    let value = gaussian(random);
    while (Math.abs(value) > 2) value = gaussian(random);
    data[i] = deviation * value;
  }
  return tensor(data, shape);
}

/** Uniform numbers in [-limit, limit). */
export function uniform(random: Random, shape: readonly number[], limit: number): Tensor {
  const data = new Float32Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = (2 * random.next() - 1) * limit;
  return tensor(data, shape);
}

/** Numbers known now, as initial parameters are: constants would be folded into plans. */
export const filled = (shape: readonly number[], value: number): Tensor =>
  tensor(new Float32Array(sizeOf(shape)).fill(value), shape);
