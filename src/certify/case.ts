import { type DType, type Shape, showShape, sizeOf, Tensor, tensor } from '../graph/index.ts';
import type * as ops from '../ops/index.ts';
import type { Random } from '../random.ts';

/*
 * A case is one public op on inputs of given shapes. Its inputs are drawn by the case's name, so that each is the same
 * whatever else is run.
 */

/** How the numbers of one input are drawn. */
export interface Draw {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Whether the op is differentiated by this input. */
  readonly differentiate: boolean;
  readonly draw: (random: Random) => Tensor;
}

/** A public function that gives a tensor, or several. */
export type OpName = {
  [K in keyof typeof ops]: (typeof ops)[K] extends (...args: never[]) => Tensor | Record<string, Tensor>
    ? K
    : never;
}[keyof typeof ops];

export interface Case {
  /** The public function that it certifies. */
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly Draw[];
  readonly build: (...inputs: Tensor[]) => Tensor | readonly Tensor[];
  /** Why and how far the device may be off, where it is more than the rounding of f32. */
  readonly allowance?: Allowance;
}

/** An error relative to the largest value that a device may make beyond rounding. */
export interface Allowance {
  readonly error: number;
  readonly why: string;
}

/** A case of a public op; its name says the shapes and, in words, what else there is to say. */
export const certifies = (
  op: OpName,
  inputs: readonly Draw[],
  build: Case['build'],
  words = '',
  allowance?: Allowance,
): Case => {
  const shapes = inputs
    .map(({ shape, dtype }) => (dtype === 'i32' ? 'i32' : '') + showShape(shape))
    .join(' ');
  return { op, name: words === '' ? shapes : `${shapes} ${words}`, inputs, build, allowance };
};

const floats = (shape: Shape, value: (random: Random) => number): Draw => ({
  shape,
  dtype: 'f32',
  differentiate: true,
  draw: (random) =>
    tensor(
      Float32Array.from({ length: sizeOf(shape) }, () => value(random)),
      shape,
    ),
});

/** Numbers of a bell-like spread from -1.5 to 1.5. */
export const spread = (...shape: number[]): Draw =>
  floats(shape, (random) => 1.5 * (random.next() + random.next() - 1));

/** Numbers from low to high. */
export const between =
  (low: number, high: number) =>
  (...shape: number[]): Draw =>
    floats(shape, (random) => low + (high - low) * random.next());

/**
 * Evenly spaced numbers from -1.5 to 1.5 in random order, none of them 0: ties, and kinks at 0, are farther away than
 * finite differences reach.
 */
export const apart = (...shape: number[]): Draw => ({
  ...floats(shape, () => 0),
  draw: (random) => {
    const n = sizeOf(shape);
    const values = Array.from({ length: n }, (_, i) => (3 * (i + 0.3)) / n - 1.5);
    return tensor(Float32Array.from(random.shuffle(values)), shape);
  },
});

/** Integers from 0 to below n. */
export const integers =
  (n: number) =>
  (...shape: number[]): Draw => ({
    shape,
    dtype: 'i32',
    differentiate: false,
    draw: (random) =>
      tensor(
        Int32Array.from({ length: sizeOf(shape) }, () => random.int(n)),
        shape,
      ),
  });

/** The same numbers, by which the op is not differentiated. */
export const held = (draw: Draw): Draw => ({ ...draw, differentiate: false });

/** What a case builds, as a list. */
export const outputsOf = (built: Tensor | readonly Tensor[]): readonly Tensor[] =>
  built instanceof Tensor ? [built] : built;
