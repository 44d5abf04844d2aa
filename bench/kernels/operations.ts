import { vjp } from '../../src/autodiff/index.ts';
import type { Tensor } from '../../src/graph/index.ts';
import {
  add,
  batchNorm,
  conv2d,
  matmul,
  maxPool2d,
  mul,
  relu,
  sigmoid,
  square,
  sum,
} from '../../src/ops/index.ts';
import type { Numbers } from './case.ts';

/** Numbers to compute with: other ones for every seed. */
export type Data = (seed: number, ...shape: number[]) => Tensor;

/** A computation that the compiler turns into the kernels that this adapter runs. */
export interface Operation {
  /** The names of extents, and what they are when a shape does not say. */
  readonly extents: Numbers;
  /** Shapes that are timed when none are given, by the number of elements that no cache holds. */
  readonly shapes: (large: number) => readonly string[];
  /** A shape small enough to be checked in float64, which takes the same kernels. */
  readonly check: string;
  readonly build: (extents: Numbers, data: Data) => Tensor[];
}

const elementwise = (build: (...data: Tensor[]) => Tensor, inputs: number): Operation => ({
  extents: { n: 1 },
  shapes: (large) => [`n=${large}`],
  check: 'n=4096',
  build: ({ n }, data) => [build(...Array.from({ length: inputs }, (_, i) => data(i + 1, n)))],
});

const reduction = (axes: number[]): Operation => ({
  extents: { m: 1, k: 1 },
  shapes: (large) => [`m=${large / 1024},k=1024`],
  check: 'm=64,k=64',
  build: ({ m, k }, data) => [sum(data(1, m, k), axes)],
});

/** Operations on images [N,C,H,W], as large as they come. */
const images = (build: (e: Numbers, data: Data) => Tensor[]): Operation => ({
  extents: { n: 1, c: 1, h: 1, w: 1 },
  shapes: (large) => [`n=${large / 2 ** 17},c=32,h=64,w=64`],
  check: 'n=2,c=4,h=16,w=16',
  build,
});

/** The data of all pooling: images and what two differentiations of 2x2 pooling are given. */
const pooling = (build: (x: Tensor, g: Tensor, u: Tensor) => Tensor): Operation =>
  images(({ n, c, h, w }, data) => [
    build(data(1, n, c, h, w), data(2, n, c, h / 2, w / 2), data(3, n, c, h, w)),
  ]);

const poolGradient = (x: Tensor, g: Tensor): Tensor => vjp([maxPool2d(x, 2)], [x], [g])[0];

const normalisation = (
  build: (x: Tensor, gamma: Tensor, beta: Tensor, more: (seed: number) => Tensor[]) => Tensor[],
): Operation =>
  images(({ n, c, h, w }, data) =>
    build(data(1, n, c, h, w), data(2, c), data(3, c), (seed) => [
      data(seed, n, c, h, w),
      data(seed + 1, c),
      data(seed + 2, c),
    ]),
  );

const convolution = (build: (x: Tensor, w: Tensor, y: Tensor, g: () => Tensor) => Tensor): Operation => ({
  extents: { n: 1, c: 1, h: 1, w: 1, o: 1 },
  shapes: (large) => {
    const n = large / 2 ** 21;
    return [
      `n=${n},c=32,h=64,w=64,o=32`,
      `n=${n / 8},c=32,h=256,w=256,o=32`,
      `n=${n / 4},c=64,h=64,w=64,o=64`,
      `n=${n / 8},c=64,h=128,w=128,o=64`,
    ];
  },
  check: 'n=2,c=8,h=16,w=16,o=16',
  build: ({ n, c, h, w, o }, data) => {
    const [x, weight] = [data(1, n, c, h, w), data(2, o, c, 3, 3)];
    const y = conv2d(x, weight, { padding: 1 });
    return [build(x, weight, y, () => data(3, n, o, h, w))];
  },
});

/** What is timed unless kernels are named: the computations that training consists of. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  add: elementwise(add, 2),
  relu: elementwise(relu, 1),
  'gated-square': elementwise((x, y) => mul(sigmoid(x), square(y)), 2),
  'sum-rows': reduction([1]),
  'sum-columns': reduction([0]),
  'sum-all': reduction([0, 1]),
  'sum-channels': images(({ n, c, h, w }, data) => [sum(data(1, n, c, h, w), [0, 2, 3])]),
  'max-pool': pooling((x) => maxPool2d(x, 2)),
  'max-pool-gradient': pooling(poolGradient),
  'max-pool-double': pooling((x, g, u) => vjp([poolGradient(x, g)], [g], [u])[0]),
  'batch-norm': normalisation((x, gamma, beta) => [batchNorm(x, gamma, beta)]),
  'batch-norm-gradient': normalisation((x, gamma, beta, more) =>
    vjp([batchNorm(x, gamma, beta)], [x, gamma, beta], [more(4)[0]]),
  ),
  'batch-norm-double': normalisation((x, gamma, beta, more) => {
    const [dy] = more(4);
    const gradient = vjp([batchNorm(x, gamma, beta)], [x, gamma, beta], [dy]);
    return vjp(gradient, [x, gamma, dy], more(7));
  }),
  'matrix-product': {
    extents: { m: 1, n: 1, k: 1, ta: 0, tb: 0 },
    shapes: () => [
      'm=512,n=512,k=512',
      'm=512,n=512,k=512,ta=1',
      'm=512,n=512,k=512,tb=1',
      'm=1024,n=1024,k=1024',
    ],
    check: 'm=64,n=64,k=64',
    build: ({ m, n, k, ta, tb }, data) => [
      matmul(ta ? data(1, k, m) : data(1, m, k), tb ? data(2, n, k) : data(2, k, n), {
        transposeA: ta === 1,
        transposeB: tb === 1,
      }),
    ],
  },
  convolution: convolution((_x, _weight, y) => y),
  'convolution-input-gradient': convolution((x, _weight, y, g) => vjp([y], [x], [g()])[0]),
  'convolution-weight-gradient': convolution((_x, weight, y, g) => vjp([y], [weight], [g()])[0]),
};
