/** The window of a convolution, in pixels. */
export interface Conv2dAttrs {
  readonly stride: number;
  readonly padding: number;
}

/** Of the rows and of the columns. */
export type Pair = readonly [height: number, width: number];

/** One number for both axes, or that of the rows and that of the columns. */
export type PerAxis = number | Pair;

/** A pooling window, in pixels. */
export interface PoolAttrs {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
}

/** The same for both axes where one number is given. */
export const pairOf = (value: PerAxis): Pair => (typeof value === 'number' ? [value, value] : value);

const isPair = (value: Pair, least: number): boolean =>
  value.length === 2 && value.every((n) => Number.isInteger(n) && n >= least);

/** As it was given. */
export const showPerAxis = (value: PerAxis): string =>
  typeof value === 'number' ? String(value) : `[${value.join(',')}]`;

/**
 * @param name what is checked, `stride`
 * @param shapes says what the op was to run on
 * @throws unless a size along the axes, or the pair of them, is of positive integers.
 */
export function checkPositive(op: string, name: string, value: PerAxis, shapes: string): void {
  if (!isPair(pairOf(value), 1))
    throw new Error(`${op}: ${name} ${showPerAxis(value)} must be a positive integer ${shapes}`);
}

/**
 * Checks the step and margin of a windowed op; `shapes` says what it was to run on.
 * @throws unless the stride is a positive integer and the padding a non-negative one, or pairs of such.
 */
export function checkWindow(op: string, stride: PerAxis, padding: PerAxis, shapes: string): void {
  checkPositive(op, 'stride', stride, shapes);
  if (!isPair(pairOf(padding), 0))
    throw new Error(`${op}: padding ${showPerAxis(padding)} must be a non-negative integer ${shapes}`);
}
