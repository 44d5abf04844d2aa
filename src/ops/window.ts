/** The window of a convolution, in pixels. */
export interface Conv2dAttrs {
  readonly stride: number;
  readonly padding: number;
}

/** A square pooling window, in pixels. */
export interface PoolAttrs {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/**
 * Checks the step and margin of a windowed op; `shapes` says what it was to run on.
 * @throws unless the stride is a positive integer and the padding a non-negative one.
 */
export function checkWindow(op: string, stride: number, padding: number, shapes: string): void {
  if (!Number.isInteger(stride) || stride < 1)
    throw new Error(`${op}: stride ${stride} must be a positive integer ${shapes}`);
  if (!Number.isInteger(padding) || padding < 0)
    throw new Error(`${op}: padding ${padding} must be a non-negative integer ${shapes}`);
}
