import type { Tensor } from '../graph/index.ts';
import { batchNorm, batchStatistics } from '../ops/index.ts';
import type { Normalise } from './layers.ts';

/** Mean and variance per channel of every normalisation, by the layer's path. */
export type Statistics = { readonly [path: string]: { readonly mean: Tensor; readonly variance: Tensor } };

/** Normalises by fixed statistics: what a network does once it is trained. */
export const byStatistics =
  (statistics: Statistics): Normalise =>
  (path, x, { gamma, beta }) => {
    const running = statistics[path];
    if (running === undefined)
      throw new Error(
        `batchNorm: no running statistics for "${path}"; there are ${Object.keys(statistics).join(', ')}`,
      );
    return batchNorm(x, gamma, beta, { running });
  };

/** Normalises by the batch and notes its statistics in `into`; of a layer that runs on several batches, their mean. */
export function collecting(into: Record<string, { mean: Tensor; variance: Tensor }>): Normalise {
  const counts = new Map<string, number>();
  return (path, x, { gamma, beta }) => {
    const { mean, variance } = batchStatistics(x);
    const n = (counts.get(path) ?? 0) + 1;
    counts.set(path, n);
    const { [path]: before } = into;
    const average = (old: Tensor, value: Tensor) => old.add(value.sub(old).div(n));
    into[path] =
      before === undefined
        ? { mean, variance }
        : { mean: average(before.mean, mean), variance: average(before.variance, variance) };
    return batchNorm(x, gamma, beta);
  };
}
