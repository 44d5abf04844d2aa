import type { Tensor } from '../graph/index.ts';
import type { Random } from '../random.ts';
import type { Identity, Order } from './derivatives.ts';
import { type Given, reference } from './reference.ts';
import type { Values } from './reference-windows.ts';

/* The rules of differentiation, interpreted in float64. */

/** Central differences take this step, and half of it. */
const STEP = 1e-4;

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
};

const absoluteDot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += Math.abs(a[i] * b[i]);
  return total;
};

/** |a - b| relative to a scale; where that is 0, both must be 0. */
const relative = (a: number, b: number, scale: number): number => {
  const error = a === b ? 0 : Math.abs(a - b) / scale;
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
};

/**
 * How far gradients are from the slope of their loss along a random direction, relative to the sum of the magnitudes
 * that the slope adds up, or to the loss if that is larger. Two steps cancel the error of second order (Richardson).
 */
export function differenceError({ loss, gradients }: Order, by: readonly Tensor[], random: Random): number {
  const at = reference(by);
  const directions = at.map((x) => x.map(() => random.next() - 0.5));
  const lossAt = (h: number): number => {
    const moved: Given = new Map(by.map((x, i) => [x, at[i].map((v, k) => v + h * directions[i][k])]));
    return reference([loss], moved)[0][0];
  };
  const slope = (h: number) => (lossAt(h) - lossAt(-h)) / (2 * h);
  const expected = (4 * slope(STEP / 2) - slope(STEP)) / 3;
  const values = reference([...gradients, loss]);
  const terms = directions.map((d, i) => [dot(values[i], d), absoluteDot(values[i], d)]);
  const actual = terms.reduce((n, [term]) => n + term, 0);
  const scale = terms.reduce((n, [, size]) => n + size, 0);
  return relative(actual, expected, Math.max(scale, Math.abs(values.at(-1)![0])));
}

/** |<u, Jv> - <J^T u, v>| relative to the sum of the magnitudes added up, given values of all four. */
export function identityError(
  u: readonly ArrayLike<number>[],
  pushed: readonly ArrayLike<number>[],
  pulled: readonly ArrayLike<number>[],
  v: readonly ArrayLike<number>[],
): number {
  const total = (f: typeof dot, a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]) =>
    a.reduce((n, x, i) => n + f(x, b[i]), 0);
  const scale = Math.max(total(absoluteDot, u, pushed), total(absoluteDot, pulled, v));
  return relative(total(dot, u, pushed), total(dot, pulled, v), scale);
}

/** The same of a graph, in float64. */
export function identityErrorOf({ u, pushed, pulled, v }: Identity): number {
  const of = (tensors: readonly Tensor[]): Values[] => reference(tensors);
  return identityError(of(u), of(pushed), of(pulled), of(v));
}
