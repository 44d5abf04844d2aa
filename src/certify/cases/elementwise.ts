import * as ops from '../../ops/index.ts';
import {
  type Allowance,
  apart,
  between,
  type Case,
  certifies,
  type Draw,
  held,
  integers,
  spread,
} from '../case.ts';

/* One function of scalars each, on operands that broadcast. */

type Shaped = (...shape: number[]) => Draw;

// By name.
const apply = { ...ops };

/** What WGSL's table of accuracies allows ("Accuracy of Floating-Point Operations"), where that is more than rounding. */
const wgsl: Record<'sin' | 'cos' | 'tanh', Allowance> = {
  // The derivatives meet values up to some multiple of the function's own: four times covers them.
  sin: { error: 4 * 2 ** -11, why: 'WGSL: sin has an absolute error of 2^-11 within [-pi, pi]' },
  cos: { error: 4 * 2 ** -11, why: 'WGSL: cos has an absolute error of 2^-11 within [-pi, pi]' },
  tanh: { error: 4e-5, why: 'WGSL: tanh has an absolute error of 1e-5' },
};

/** Where each function is smooth. */
const unary = {
  neg: spread,
  square: spread,
  exp: spread,
  log: between(0.3, 3),
  sqrt: between(0.3, 3),
  rsqrt: between(0.3, 3),
  sin: spread,
  cos: spread,
  tanh: spread,
  sigmoid: between(-4, 4),
  softplus: between(-4, 4),
  abs: apart,
  relu: apart,
  sign: apart,
  floor: apart,
  hardSwish: between(-4.1, 4.1),
} satisfies Partial<Record<keyof typeof ops, Shaped>>;

const functions = Object.entries(unary) as [keyof typeof unary, Shaped][];
// Rows of odd length are computed one by one, those of whole vectors four at a time.
const unaryCases = functions.flatMap(([op, draw]) =>
  [
    [3, 5],
    [2, 1, 8],
  ].map((shape) => certifies(op, [draw(...shape)], (x) => apply[op](x), '', wgsl[op as keyof typeof wgsl])),
);

/** Pairs of shapes that broadcast. */
const pairs: [number[], number[]][] = [
  [[3, 5], [5]],
  [
    [4, 1, 3],
    [2, 1],
  ],
  [
    [2, 8],
    [2, 8],
  ],
  [[], [7]],
];

const binary = {
  add: [spread, spread],
  sub: [spread, spread],
  mul: [spread, spread],
  div: [spread, between(0.5, 2)],
  pow: [between(0.3, 2), spread],
  maximum: [apart, spread],
  minimum: [apart, spread],
} satisfies Partial<Record<keyof typeof ops, [Shaped, Shaped]>>;

const binaryCases = (Object.entries(binary) as [keyof typeof binary, [Shaped, Shaped]][]).flatMap(
  ([op, [a, b]]) =>
    pairs.map(([left, right]) => certifies(op, [a(...left), b(...right)], (x, y) => apply[op](x, y))),
);

const ints = integers(7);

export const elementwise: readonly Case[] = [
  ...unaryCases,
  ...binaryCases,
  certifies('mul', [spread(7)], (a) => ops.mul(a, a), 'by itself'),
  certifies('sub', [spread(7)], (a) => ops.sub(1, a), 'from a number'),
  certifies('add', [ints(3, 5), ints(5)], ops.add),
  certifies('mul', [ints(3, 5), ints(5)], ops.mul),
  certifies('maximum', [ints(3, 5), ints(5)], ops.maximum),
  certifies('pow', [between(0.3, 2)(3, 5)], (a) => ops.pow(a, 2.5), 'by a number'),
  certifies('pow', [spread(3, 5)], (a) => ops.pow(a, 5), 'by a small integer'),
  certifies('pow', [between(0.5, 2)(3, 5)], (a) => ops.pow(a, -3), 'by a negative integer'),
  certifies('pow', [spread(3, 5)], (a) => ops.pow(1.7, a), 'of a number'),
  certifies('clamp', [apart(3, 5)], (a) => ops.clamp(a, -0.55, 0.75), 'by numbers'),
  certifies('clamp', [apart(3, 5), spread(5)], (a, low) => ops.clamp(a, low, 0.9), 'by a tensor'),
  certifies('greater', [spread(3, 5), spread(5)], ops.greater),
  certifies('equal', [ints(3, 5), ints(5)], ops.equal),
  certifies('where', [integers(2)(3, 5), spread(3, 5), spread(5)], ops.where),
  certifies('where', [integers(2)(5), spread(3, 5)], (mask, a) => ops.where(mask, a, -1)),
  certifies('toFloat', [integers(99)(3, 5)], ops.toFloat),
  certifies('toFloat', [spread(3, 5), ints(5)], (a, n) => ops.mul(a, ops.toFloat(n)), 'times a tensor'),
  certifies('toInt', [between(-9, 9)(3, 5)], ops.toInt),
  certifies('sign', [apart(3, 5)], (a) => ops.mul(ops.square(a), ops.sign(a)), 'times the square'),
  certifies('floor', [apart(3, 5)], (a) => ops.mul(a, ops.floor(ops.mul(a, 2))), 'times the tensor'),
  certifies('stopGradient', [spread(3, 5), held(spread(5))], (a, c) => ops.mul(a, ops.stopGradient(c))),
];
