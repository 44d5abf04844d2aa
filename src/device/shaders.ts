/**
 * Every hand-written shader, one line each: the name that kernels are asked for by, and where its WGSL lies (at the same
 * depth from `src/` and `dist/`). Literal URLs, so that bundlers find the files.
 */
export const SHADERS = {
  conv2d: new URL('../../shaders/conv2d.wgsl', import.meta.url),
  conv2d_input_grad: new URL('../../shaders/conv2d_input_grad.wgsl', import.meta.url),
  conv2d_weight_grad: new URL('../../shaders/conv2d_weight_grad.wgsl', import.meta.url),
  doctor_copy: new URL('../../shaders/doctor_copy.wgsl', import.meta.url),
  doctor_empty: new URL('../../shaders/doctor_empty.wgsl', import.meta.url),
  doctor_fma: new URL('../../shaders/doctor_fma.wgsl', import.meta.url),
  elementwise: new URL('../../shaders/elementwise.wgsl', import.meta.url),
  gather_pool: new URL('../../shaders/gather_pool.wgsl', import.meta.url),
  matmul: new URL('../../shaders/matmul.wgsl', import.meta.url),
  max_pool: new URL('../../shaders/max_pool.wgsl', import.meta.url),
  reduce_columns: new URL('../../shaders/reduce_columns.wgsl', import.meta.url),
  reduce_rows: new URL('../../shaders/reduce_rows.wgsl', import.meta.url),
  scatter_pool: new URL('../../shaders/scatter_pool.wgsl', import.meta.url),
  upsample_nearest: new URL('../../shaders/upsample_nearest.wgsl', import.meta.url),
  upsample_nearest_adjoint: new URL('../../shaders/upsample_nearest_adjoint.wgsl', import.meta.url),
  conv2d_simd: new URL('../../shaders/conv2d_simd.wgsl', import.meta.url),
  conv2d_simd_pixels: new URL('../../shaders/conv2d_simd_pixels.wgsl', import.meta.url),
  conv2d_weight_grad_simd: new URL('../../shaders/conv2d_weight_grad_simd.wgsl', import.meta.url),
  conv2d_weight_grad_simd_rows: new URL('../../shaders/conv2d_weight_grad_simd_rows.wgsl', import.meta.url),
  matmul_simd: new URL('../../shaders/matmul_simd.wgsl', import.meta.url),
  conv2d_tiled: new URL('../../shaders/conv2d_tiled.wgsl', import.meta.url),
  conv2d_input_grad_tiled: new URL('../../shaders/conv2d_input_grad_tiled.wgsl', import.meta.url),
  conv2d_weight_grad_tiled: new URL('../../shaders/conv2d_weight_grad_tiled.wgsl', import.meta.url),
  matmul_tiled: new URL('../../shaders/matmul_tiled.wgsl', import.meta.url),
  product_tiled: new URL('../../shaders/product_tiled.wgsl', import.meta.url),
  max_pool_2x2: new URL('../../shaders/max_pool_2x2.wgsl', import.meta.url),
  gather_pool_2x2: new URL('../../shaders/gather_pool_2x2.wgsl', import.meta.url),
  scatter_pool_2x2: new URL('../../shaders/scatter_pool_2x2.wgsl', import.meta.url),
} as const;
