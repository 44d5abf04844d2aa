import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { type Given, reference, type Values } from '../../src/certify/reference.ts';
import { evaluate } from '../../src/compile/index.ts';
import { sizeOf, type Tensor, tensor } from '../../src/graph/index.ts';
import { add, mul, sum } from '../../src/ops/index.ts';
import { Random } from '../../src/random.ts';
import { assertAgree } from './assert-close.ts';

export interface DerivativeOptions {
  /** Highest derivative to check (default 2). */
  readonly order?: number;
  /** Error relative to the largest value that WGSL allows the functions used, where that is more than rounding. */
  readonly inexact?: number;
}

/*
 * f32 carries 6e-8 relative to the largest value; sums of some hundred terms leave 1e-6 in values, and every derivative
 * multiplies what the one before lost.
 */
const onDevice = [1e-5, 5e-5, 2e-4, 1e-3];
/** Central differences of step 1e-4 in float64 leave an error of about 1e-8 times the third derivative. */
const step = 1e-4;
const byDifferences = 2e-6;

const random = new Random('derivatives');

/** Random numbers of a normal-like spread, as a leaf. */
export const leaf = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => 1.5 * (random.next() + random.next() - 1)),
    shape,
  );

/** Random numbers in (low, high). */
export const leafBetween = (low: number, high: number, ...shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * random.next()),
    shape,
  );

const dot = (a: Values, b: Values): number => a.reduce((n, v, i) => n + v * b[i], 0);

/** Asserts that `gradients` are those of `loss`, by differences of the float64 interpreter along random directions. */
function assertDifferences(
  loss: Tensor,
  leaves: readonly Tensor[],
  gradients: readonly Tensor[],
  what: string,
) {
  const values = reference(gradients);
  leaves.forEach((x, i) => {
    const [base] = reference([x]);
    const direction = base.map(() => random.next() - 0.5);
    const moved = (by: number): Given => new Map([[x, base.map((v, k) => v + by * direction[k])]]);
    const slope = (h: number) =>
      (reference([loss], moved(h))[0][0] - reference([loss], moved(-h))[0][0]) / (2 * h);
    // Two step sizes cancel the error of second order (Richardson).
    const expected = (4 * slope(step / 2) - slope(step)) / 3;
    const actual = dot(values[i], direction);
    const scale = Math.max(1, Math.abs(expected), Math.abs(actual));
    assert.ok(
      Math.abs(actual - expected) <= byDifferences * scale,
      `${what} by ${x}: ${actual} along a direction, differences say ${expected}`,
    );
  });
}

/**
 * Checks y = build(leaves) and its derivatives up to an order: the rules against differences, the device against the
 * interpreter. Every derivative is of <previous derivative, random tensor>.
 */
export async function checkDerivatives(
  leaves: readonly Tensor[],
  build: (...leaves: Tensor[]) => Tensor,
  { order = 2, inexact = 0 }: DerivativeOptions = {},
): Promise<void> {
  const y = build(...leaves);
  const levels: Tensor[][] = [[y]];
  let current = [y];
  for (let k = 1; k <= order; k++) {
    const loss = current.map((t) => sum(mul(t, leaf(...t.shape)))).reduce(add);
    const gradients = grad(loss, [...leaves]);
    assertDifferences(loss, leaves, gradients, `derivative ${k}`);
    levels.push(gradients);
    current = gradients;
  }
  const nodes = levels.flat();
  const expected = reference(nodes);
  const computed = await evaluate(nodes);
  let next = 0;
  for (const [k, level] of levels.entries()) {
    // What is zero but for rounding is measured against its siblings.
    const scale = Math.max(...level.map((_, i) => largest(expected[next + i])));
    for (const node of level) {
      const actual = await computed[next].data();
      const wanted = expected[next];
      computed[next++].dispose();
      if (largest(wanted) > 1e-6 * scale)
        assertAgree(node, actual, wanted, Math.max(onDevice[k], inexact), `derivative ${k}`);
      else
        assert.ok(
          largest(Float64Array.from(actual)) <= onDevice[k] * Math.max(1, scale),
          `derivative ${k} of ${node} is not zero`,
        );
    }
  }
}

const largest = (values: Values): number => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
