import { expand } from '../../src/device/expand.ts';
import { defaultTuning, u32 } from '../../src/device/index.ts';
import { type Case, ceilDiv, type Entry, folded, type Numbers, noise, sampledError } from './case.ts';

/** Batched product [batch,m,k] x [batch,k,n]; with `ta`, `tb` = 1 that operand is stored transposed. */
const EXTENTS: Numbers = { batch: 1, m: 1, n: 1, k: 1, ta: 0, tb: 0 };

const SHAPES = [
  'm=512,n=512,k=512',
  'm=512,n=512,k=512,ta=1',
  'm=512,n=512,k=512,tb=1',
  'm=1024,n=1024,k=1024',
  'batch=20,m=64,n=64,k=64',
];
const ALIGNED_CHECKS = [
  'm=1,n=4,k=4',
  'batch=3,m=21,n=36,k=12',
  'batch=2,m=20,n=36,k=12,ta=1',
  'batch=3,m=20,n=36,k=13,ta=1',
  'batch=2,m=17,n=33,k=12,tb=1',
  'm=72,n=67,k=64,ta=1,tb=1',
];
const CHECKS = [
  ...ALIGNED_CHECKS,
  'm=1,n=1,k=1',
  'm=20,n=1,k=512',
  'batch=3,m=5,n=7,k=9',
  'batch=2,m=17,n=33,k=13,ta=1',
  'm=70,n=67,k=65,ta=1,tb=1',
];

const problem = ({ batch, m, n, k, ta, tb }: Numbers): Omit<Case, 'kernel'> => {
  const a = noise(batch * m * k, 1);
  const b = noise(batch * k * n, 2);
  const reference = (index: number): number => {
    const j = index % n;
    const i = Math.floor(index / n) % m;
    const g = Math.floor(index / (m * n));
    let sum = 0;
    for (let t = 0; t < k; t++) {
      sum += a[g * m * k + (ta ? t * m + i : i * k + t)] * b[g * k * n + (tb ? j * k + t : t * n + j)];
    }
    return sum;
  };
  return {
    inputs: [a, b],
    outputLength: batch * m * n,
    flops: 2 * batch * m * n * k,
    error: (c) => sampledError(c, reference, k),
  };
};

export const matmul: Entry = {
  extents: EXTENTS,
  constants: { TILE: 8 },
  shapes: SHAPES,
  checks: CHECKS,
  make: (source, shape, constants) => {
    const { batch, m, n, k, ta, tb } = shape;
    const dims = [batch, m, n, k, m * k, ta ? 1 : k, ta ? m : 1, k * n, tb ? 1 : n, tb ? k : 1].map(u32);
    const tile = 4 * constants.TILE;
    const grid = [...folded(ceilDiv(n, tile) * ceilDiv(m, tile) * batch), 1] as const;
    return { kernel: { name: 'matmul', source, constants, dims, grid }, ...problem(shape) };
  },
};

export const matmulSimd: Entry = {
  extents: EXTENTS,
  constants: { LANES: 8, ROWS: defaultTuning.simd.matmulRows, QUADS: 1 },
  shapes: SHAPES,
  checks: ALIGNED_CHECKS,
  make: (source, shape, constants) => {
    const { batch, m, n, k, ta, tb } = shape;
    const { LANES, ROWS, QUADS } = constants;
    const dims = [batch, m, n, k, (m * k) / 4, (ta ? m : k) / 4, (k * n) / 4, (tb ? k : n) / 4].map(u32);
    return {
      kernel: {
        name: 'matmul_simd',
        source: expand(source, {
          ...constants,
          A_TRANSPOSED: ta,
          B_TRANSPOSED: tb,
          REST: Number(k % 4 !== 0),
        }),
        constants: {},
        dims,
        grid: [...folded(ceilDiv(n, 4 * QUADS * LANES) * ceilDiv(m, ROWS) * batch), 1],
      },
      ...problem(shape),
    };
  },
};
