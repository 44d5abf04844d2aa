import type { Encode } from '../stopwatch.ts';

/** Work on the device that can be timed over and over, checked already. */
export interface Subject {
  readonly kernel: string;
  readonly shape: string;
  /** What is told apart by it: `shipped`, or where a variant comes from. */
  readonly variant: string;
  /** Floating-point operations that the mathematics asks for: a multiply-add counts two. */
  readonly flops: number;
  /** Bytes of what its dispatches read and write. */
  readonly bytes: number;
  readonly dispatches: number;
  /** The error against float64. */
  readonly error: number;
  /** Seconds of the first run, which includes the driver's compilation unless it has cached that. */
  readonly firstSeconds: number;
  readonly encode: Encode;
  readonly dispose: () => void;
}
