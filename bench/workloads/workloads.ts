import { tensor } from '../../src/graph/index.ts';
import { defaultModel, initModel, loss, presets } from '../../src/medetection/index.ts';
import { normal } from '../../src/nn/index.ts';
import { Random } from '../../src/random.ts';
import { fourConv, noisyCharacters } from './four-conv.ts';
import { type Workload, workload } from './workload.ts';

/** Noise in pairs, every other one defective. */
const pairs = (random: Random, n: number, size: number) => ({
  image: normal(random, [n, 3, size, size], 1),
  reference: normal(random, [n, 3, size, size], 1),
});

/** The 4Conv of Omniglot, 5-way, 5 support images. */
function omniglot(queries: number): Workload {
  const random = new Random('bench');
  return workload({
    ...fourConv(random),
    tasks: [{ support: noisyCharacters(random, 5), query: noisyCharacters(random, queries) }],
    rate: 0.4,
  });
}

export interface MedetectionSizes {
  /** Pixels a side. */
  readonly size: number;
  /** Pairs of a task to adapt by, and to be judged by. */
  readonly support: number;
  readonly query: number;
  readonly tasks?: number;
  readonly steps?: number;
}

/** MeDetection as the paper describes it. */
export function medetection({ size, support, query, tasks = 1, steps }: MedetectionSizes): Workload {
  const random = new Random('bench');
  const config = { ...defaultModel, size };
  const data = (n: number) => ({
    ...pairs(random, n, size),
    label: tensor(Float32Array.from({ length: n }, (_, i) => i % 2)),
  });
  return workload({
    params: initModel(config, random),
    loss: loss(config),
    tasks: Array.from({ length: tasks }, () => ({ support: data(support), query: data(query) })),
    rate: 0.01,
    steps,
  });
}

/** The network of the code that was published with the paper; 8 + 8 pairs of 256 px. */
function published(): Workload {
  const random = new Random('bench');
  const data = () => ({
    ...pairs(random, 8, 256),
    label: tensor(Float32Array.from({ length: 8 }, (_, i) => i % 2)),
  });
  return workload({
    params: initModel(presets.official.model, random),
    loss: loss(presets.official.model),
    tasks: [{ support: data(), query: data() }],
    rate: 1e-3,
  });
}

/** Made when they are asked for; the peers know them by the same names. */
export const WORKLOADS: Readonly<Record<string, { readonly about: string; readonly make: () => Workload }>> =
  {
    W1: {
      about: '4Conv of Omniglot, 5-way, 5 support and 75 query images of 28 px',
      make: () => omniglot(75),
    },
    'W1-5': { about: 'the same with 5 query images', make: () => omniglot(5) },
    W2: {
      about: 'MeDetection at 64 px, 20 + 20 pairs',
      make: () => medetection({ size: 64, support: 20, query: 20 }),
    },
    W3: {
      about: 'MeDetection at 128 px, 64 + 20 pairs',
      make: () => medetection({ size: 128, support: 64, query: 20 }),
    },
    W4: { about: 'the published network at 256 px, 8 + 8 pairs; for a GPU', make: published },
  };
