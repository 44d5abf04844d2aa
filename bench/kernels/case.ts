import { UsageError } from '../../src/cli/errors.ts';
import { foldGrid } from '../../src/device/grid.ts';
import type { Kernel } from '../../src/device/index.ts';

/** A kernel on one problem: what to bind, what the result must be, how much arithmetic it is. */
export interface Case {
  readonly kernel: Omit<Kernel, 'flops'>;
  readonly inputs: readonly Float32Array[];
  readonly outputLength: number;
  /** Floating-point operations that the mathematics asks for: a multiply-add counts two. */
  readonly flops: number;
  /** Error of the kernel's output, as `sampledError` measures it. */
  readonly error: (output: Float32Array) => number;
}

/** Numbers by name: extents (`n=40,c=32`) or constants of a shader (`ROWS=2`). */
export type Numbers = Readonly<Record<string, number>>;

/** How a shader file is put to work. */
export interface Entry {
  /** Makes the case of one shape from the shader's text and constants. */
  readonly make: (source: string, shape: Numbers, constants: Numbers) => Case;
  /** The shader's constants and their usual values. `LANES` is replaced by the adapter's. */
  readonly constants: Numbers;
  /** The names of extents, and what they are when a shape does not say. */
  readonly extents: Numbers;
  /** Shapes that are timed when none are given. */
  readonly shapes: readonly string[];
  /** Awkward shapes, small enough to be checked whole. */
  readonly checks: readonly string[];
}

/**
 * Reads `n=40,c=32`.
 *
 * @throws UsageError when an item is not `name=integer` or its name is none of these.
 */
export const parseGiven = (text: string, names: readonly string[]): Numbers => {
  const numbers: Record<string, number> = {};
  for (const item of text.split(',').filter((part) => part !== '')) {
    const [name, value] = item.split('=');
    if (!names.includes(name) || !/^\d+$/.test(value ?? ''))
      throw new UsageError(`"${item}": expected name=integer, name one of ${names.join(', ')}`);
    numbers[name] = Number(value);
  }
  return numbers;
};

/** Reads `n=40,c=32`; names that are absent take their value from `defaults`. @throws as `parseGiven` */
export const parseNumbers = (text: string, defaults: Numbers): Numbers => ({
  ...defaults,
  ...parseGiven(text, Object.keys(defaults)),
});

/** Values in [-1, 1) from a fixed linear congruential generator. */
export const noise = (length: number, seed: number): Float32Array => {
  const values = new Float32Array(length);
  let state = seed >>> 0;
  for (let k = 0; k < length; k++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[k] = state / 2 ** 31 - 1;
  }
  return values;
};

export const ceilDiv = (a: number, b: number): number => Math.ceil(a / b);

/** This many workgroups over two grid dimensions of WebGPU's default limit. */
export const folded = (count: number): [number, number] => foldGrid(count, 65535);

/**
 * Largest absolute error against a float64 reference, relative to the root mean square of the entries. Every entry is
 * checked when that costs less than about 2^24 multiply-adds, else entries spread evenly, the first and the last among
 * them. NaN when an entry is NaN.
 *
 * @param termsPerEntry multiply-adds that one entry of the reference costs
 */
export const sampledError = (
  output: ArrayLike<number>,
  reference: (index: number) => number,
  termsPerEntry: number,
): number => {
  const samples = Math.min(output.length, Math.max(2, Math.floor(2 ** 24 / termsPerEntry)));
  let worst = 0;
  let squares = 0;
  for (let k = 0; k < samples; k++) {
    const index = samples === 1 ? 0 : Math.floor((k * (output.length - 1)) / (samples - 1));
    const expected = reference(index);
    worst = Math.max(worst, Math.abs(output[index] - expected));
    squares += expected * expected;
  }
  return worst / Math.sqrt(squares / samples);
};
