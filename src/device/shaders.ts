/**
 * Every hand-written shader, one line each: the name that kernels are asked for by, and where its WGSL lies (at the same
 * depth from `src/` and `dist/`). Literal URLs, so that bundlers find the files.
 */
export const SHADERS = {
  doctor_copy: new URL('../../shaders/doctor_copy.wgsl', import.meta.url),
  doctor_empty: new URL('../../shaders/doctor_empty.wgsl', import.meta.url),
  doctor_fma: new URL('../../shaders/doctor_fma.wgsl', import.meta.url),
} as const;
