import { tensor } from '../../src/graph/index.ts';
import { defaultModel, initModel, initOfficial, loss, officialLoss } from '../../src/medetection/index.ts';
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
    support: noisyCharacters(random, 5),
    query: noisyCharacters(random, queries),
    rate: 0.4,
  });
}

/** MeDetection as the paper describes it; pairs of this many pixels a side. */
export function medetection(size: number, support: number, query: number): Workload {
  const random = new Random('bench');
  const config = { ...defaultModel, size };
  const data = (n: number) => ({
    ...pairs(random, n, size),
    label: tensor(Float32Array.from({ length: n }, (_, i) => i % 2)),
  });
  return workload({
    params: initModel(config, random),
    loss: loss(config),
    support: data(support),
    query: data(query),
    rate: 0.01,
  });
}

/** The network of the code that was published with the paper; 8 + 8 pairs of 256 px. */
function published(): Workload {
  const random = new Random('bench');
  const data = () => ({
    ...pairs(random, 8, 256),
    label: tensor(Int32Array.from({ length: 8 }, (_, i) => i % 2)),
  });
  return workload({
    params: initOfficial(random),
    loss: officialLoss,
    support: data(),
    query: data(),
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
    W2: { about: 'MeDetection at 64 px, 20 + 20 pairs', make: () => medetection(64, 20, 20) },
    W3: { about: 'MeDetection at 128 px, 64 + 20 pairs', make: () => medetection(128, 64, 20) },
    W4: { about: 'the published network at 256 px, 8 + 8 pairs; for a GPU', make: published },
  };
