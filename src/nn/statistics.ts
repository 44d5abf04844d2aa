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

/** Normalises by the batch and notes its statistics in `into`. */
export const collecting =
  (into: Record<string, { mean: Tensor; variance: Tensor }>): Normalise =>
  (path, x, { gamma, beta }) => {
    into[path] = batchStatistics(x);
    return batchNorm(x, gamma, beta);
  };
