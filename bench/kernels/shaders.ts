import type { Entry } from './case.ts';
import {
  conv2d,
  conv2dInputGrad,
  conv2dSimd,
  conv2dSimdPixels,
  conv2dWeightGrad,
  conv2dWeightGradSimd,
  conv2dWeightGradSimdRows,
} from './convolution.ts';
import { matmul, matmulSimd } from './matmul.ts';

/** The shaders whose dispatch is set up here, so that a variant may have other constants; by file name. */
export const SHADER_ENTRIES: Readonly<Record<string, Entry>> = {
  conv2d,
  conv2d_input_grad: conv2dInputGrad,
  conv2d_weight_grad: conv2dWeightGrad,
  conv2d_simd: conv2dSimd,
  conv2d_simd_pixels: conv2dSimdPixels,
  conv2d_weight_grad_simd: conv2dWeightGradSimd,
  conv2d_weight_grad_simd_rows: conv2dWeightGradSimdRows,
  matmul,
  matmul_simd: matmulSimd,
};
