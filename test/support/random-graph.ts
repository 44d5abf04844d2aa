import { full, iota, type Shape, sizeOf, type Tensor, tensor } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import type { Random } from '../../src/random.ts';

/*
 * Random expression graphs, made to be hard on a compiler: odd extents and extents of 1, broadcasting, views of views,
 * pads inside slices inside reductions, tensors used many times and as both operands, integers, constants.
 * Values stay within a few units, sine and cosine are left out (WGSL allows them an error of 2^-11), and what jumps (comparisons, rounding) sees only integers, so that float32 and float64
 * must agree closely.
 */

const EXTENTS = [1, 1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 24, 33, 64];
const LARGEST = 12000;

const pick = <T>(random: Random, list: readonly T[]): T => list[random.int(list.length)];
const chance = (random: Random, p: number): boolean => random.next() < p;

function randomShape(random: Random, rank: number): number[] {
  for (;;) {
    const shape = Array.from({ length: rank }, () => pick(random, EXTENTS));
    if (sizeOf(shape) <= LARGEST) return shape;
  }
}

/** A shape that broadcasts to `base`: some extents become 1, leading axes may be missing. */
function coarser(random: Random, base: Shape): number[] {
  const shape = base.map((n) => (chance(random, 0.3) ? 1 : n));
  return shape.slice(chance(random, 0.3) ? random.int(shape.length + 1) : 0);
}

/** Leaves of a graph: f32 within [-1, 1], or small integers. */
export function randomLeaves(random: Random, count: number): Tensor[] {
  const base = randomShape(random, random.int(5) + (chance(random, 0.8) ? 1 : 0));
  return Array.from({ length: count }, (_, i) => {
    const shape =
      i === 0 || chance(random, 0.4)
        ? base
        : chance(random, 0.8)
          ? coarser(random, base)
          : randomShape(random, 3);
    const size = sizeOf(shape);
    if (i > 0 && chance(random, 0.2))
      return tensor(
        Int32Array.from({ length: size }, () => random.int(9) - 4),
        shape,
      );
    return tensor(
      Float32Array.from({ length: size }, () => 2 * random.next() - 1),
      shape,
    );
  });
}

const unary: ((x: Tensor) => Tensor)[] = [
  ops.neg,
  ops.square,
  ops.tanh,
  ops.sigmoid,
  ops.softplus,
  ops.abs,
  ops.relu,
  (x) => ops.exp(ops.neg(ops.abs(x))),
  (x) => ops.log(ops.add(ops.abs(x), 0.5)),
  (x) => ops.sqrt(ops.add(ops.square(x), 0.25)),
  (x) => ops.rsqrt(ops.add(ops.square(x), 1)),
  (x) => ops.pow(ops.add(ops.abs(x), 0.5), 1.5),
  (x) => ops.mul(x, 1),
  (x) => ops.mul(1, ops.add(x, 0)),
  (x) => ops.sub(1, x),
  (x) => ops.clamp(x, -0.3, 0.6),
  ops.hardSwish,
  ops.stopGradient,
];

const binary: ((a: Tensor, b: Tensor) => Tensor)[] = [
  (a, b) => ops.mul(ops.add(a, b), 0.5),
  (a, b) => ops.mul(ops.sub(a, b), 0.5),
  ops.mul,
  ops.mul,
  ops.maximum,
  ops.minimum,
  (a, b) => ops.div(a, ops.add(ops.square(b), 1)),
  (a, b) => ops.pow(ops.add(ops.abs(a), 0.5), b),
];

const integerBinary: ((a: Tensor, b: Tensor) => Tensor)[] = [
  ops.add,
  ops.sub,
  ops.mul,
  ops.maximum,
  ops.minimum,
  ops.greater,
  ops.equal,
];
const integerUnary = [ops.neg, ops.abs, ops.sign, ops.square];

const broadcasts = (a: Shape, b: Shape): boolean => {
  const rank = Math.max(a.length, b.length);
  let size = 1;
  for (let d = 1; d <= rank; d++) {
    const [x, y] = [a[a.length - d] ?? 1, b[b.length - d] ?? 1];
    if (x !== y && x !== 1 && y !== 1) return false;
    size *= Math.max(x, y);
  }
  return size <= LARGEST;
};

const someAxes = (random: Random, rank: number): number[] =>
  Array.from({ length: rank }, (_, d) => d).filter(() => chance(random, 0.5));

/** Random ways to look at x: every movement op. */
const views: ((random: Random, x: Tensor) => Tensor)[] = [
  // Extents of 1 put in and taken out.
  (random, x) => {
    const shape = x.shape.filter((n) => n !== 1 || chance(random, 0.5));
    shape.splice(random.int(shape.length + 1), 0, 1);
    return ops.reshape(x, shape);
  },
  // Axes mixed.
  (random, x) => {
    const shape = [];
    let rest = x.size;
    for (const f of random.shuffle([2, 3, 4, 5, 7, 8, 9, 12, 16, 17]))
      if (rest % f === 0 && shape.length < 3) {
        shape.push(f);
        rest /= f;
      }
    return ops.reshape(x, [...shape, rest]);
  },
  (_, x) => ops.reshape(x, [-1]),
  (random, x) => ops.permute(x, random.shuffle(x.shape.map((_, d) => d))),
  (random, x) => ops.flip(x, someAxes(random, x.rank)),
  (random, x) => {
    const from = x.shape.map((n) => (chance(random, 0.5) ? 0 : random.int(n)));
    const to = x.shape.map((n, d) => (chance(random, 0.5) ? n : from[d] + 1 + random.int(n - from[d])));
    return ops.slice(x, from, to);
  },
  (random, x) => {
    const amount = () => x.shape.map(() => (chance(random, 0.6) ? 0 : random.int(5)));
    const padded = ops.pad(x, amount(), amount());
    return padded.size <= LARGEST ? padded : x;
  },
  (random, x) => {
    const shape = x.shape.map((n) => (n === 1 ? pick(random, EXTENTS) : n));
    if (chance(random, 0.3)) shape.unshift(1 + random.int(4));
    return sizeOf(shape) <= LARGEST ? ops.broadcastTo(x, shape) : x;
  },
  (random, x) => {
    if (x.rank === 0 || 3 * x.size > LARGEST) return x;
    const axis = random.int(x.rank);
    const cut = 1 + random.int(x.shape[axis]);
    const part = ops.slice(
      x,
      [],
      x.shape.map((n, d) => (d === axis ? cut : n)),
    );
    return ops.concat(chance(random, 0.5) ? [x, part] : [part, x, ops.flip(part, [axis])], axis);
  },
];

function randomReduction(random: Random, x: Tensor): Tensor {
  const axes = someAxes(random, x.rank);
  const keepDims = chance(random, 0.5);
  const count = axes.reduce((n, a) => n * x.shape[a], 1);
  if (x.dtype === 'i32' || chance(random, 0.3)) return ops.max(x, axes, { keepDims });
  if (chance(random, 0.3)) return ops.mean(x, axes, { keepDims });
  return ops.mul(ops.sum(x, axes, { keepDims }), 1 / Math.sqrt(count));
}

const boundedInteger = (x: Tensor): Tensor => ops.maximum(ops.minimum(x, 9), -9);

/** What is computed by hand-written kernels, between generated ones. */
function randomKernel(random: Random, x: Tensor): Tensor {
  const matrix = x.rank === 2 ? x : ops.reshape(x, [x.shape[0] ?? 1, -1]);
  if (matrix.shape[0] > 40 || matrix.size > 3000) return x;
  if (chance(random, 0.5)) return ops.div(ops.matmul(matrix, matrix, { transposeB: true }), matrix.shape[1]);
  const image = ops.reshape(x, [1, 1, ...matrix.shape]);
  return ops.maxPool2d(image, Math.min(2, ...matrix.shape));
}

/** Grows `steps` nodes on the leaves and returns some of them: the last ones, and a few from the middle. */
export function growGraph(random: Random, leaves: readonly Tensor[], steps: number): Tensor[] {
  const pool = [...leaves];
  const recent = (): Tensor =>
    chance(random, 0.6) ? pool[Math.max(0, pool.length - 1 - random.int(4))] : pick(random, pool);
  const partner = (x: Tensor): Tensor => {
    for (let tries = 0; tries < 6; tries++) {
      const y = pick(random, pool);
      if (y.dtype === x.dtype && broadcasts(x.shape, y.shape)) return y;
    }
    if (chance(random, 0.3)) return full(coarser(random, x.shape), chance(random, 0.5) ? 1 : 2, x.dtype);
    return chance(random, 0.5) ? x : randomReductionKept(random, x);
  };
  for (let step = 0; step < steps; step++) {
    const x = recent();
    const kind = random.next();
    let made: Tensor;
    if (kind < 0.3) made = pick(random, views)(random, x);
    else if (kind < 0.42) made = randomReduction(random, x);
    else if (kind < 0.46 && x.dtype === 'f32') made = randomKernel(random, x);
    else if (x.dtype === 'i32') {
      const choice = random.next();
      if (choice < 0.3) made = ops.toFloat(ops.mul(x, 1));
      else if (choice < 0.4) made = boundedInteger(pick(random, integerUnary)(x));
      else if (choice < 0.6 && x.rank > 0) made = ops.equal(x, iota(x.shape, random.int(x.rank)));
      else made = boundedInteger(pick(random, integerBinary)(x, partner(x)));
    } else if (kind < 0.7) made = pick(random, unary)(x);
    else if (kind < 0.76) {
      const mask = pool.find((t) => t.dtype === 'i32' && broadcasts(t.shape, x.shape));
      made = mask === undefined ? ops.neg(x) : ops.where(mask, x, ops.mul(x, 0.5));
    } else made = pick(random, binary)(x, partner(x));
    if (made.dtype === 'f32' && chance(random, 0.15)) made = ops.mul(made, 0.5);
    pool.push(made);
  }
  const outputs = [pool[pool.length - 1], pool[pool.length - 2], pick(random, pool)];
  if (chance(random, 0.2)) outputs.push(outputs[0]);
  return outputs;
}

const randomReductionKept = (random: Random, x: Tensor): Tensor => {
  const axes = someAxes(random, x.rank);
  return x.dtype === 'f32' ? ops.mean(x, axes, { keepDims: true }) : ops.max(x, axes, { keepDims: true });
};
