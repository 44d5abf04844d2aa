/**
 * One dispatch of a compute shader, as plain data: what a plan holds and what a device runs.
 *
 * Binding convention of every shader in `shaders/`: `@group(0) @binding(0)` is the uniform struct `dims`, then the
 * inputs in order (read-only storage), then the outputs in order (read-write storage).
 */
export interface Kernel {
  /** Name for plans, profiles and errors; the shader file's name for hand-written kernels. */
  readonly name: string;
  /** Complete WGSL text, entry point `main`. Kernels with the same source and constants share one pipeline. */
  readonly source: string;
  /** Values of the shader's `override` constants (tile sizes, unrolled extents). */
  readonly constants: Readonly<Record<string, number>>;
  /** Content of the uniform struct, one 32-bit word per entry. */
  readonly dims: readonly Word[];
  /** Floating-point operations that the mathematics asks for: a multiply-add counts two, moving data none. */
  readonly flops: number;
  /** Workgroups in x, y and z. */
  readonly grid: readonly [number, number, number];
}

/** A 32-bit word of the uniform struct `dims`. */
export type Word = { readonly u32: number } | { readonly i32: number } | { readonly f32: number };

/** An unsigned integer of `dims`, modulo 2^32. */
export const u32 = (value: number): Word => ({ u32: value });
/** A signed integer of `dims`. */
export const i32 = (value: number): Word => ({ i32: value });
/** A float of `dims`; NaN and the infinities keep their values. */
export const f32 = (value: number): Word => ({ f32: value });
