import type { Entry } from './case.ts';
import {
  conv2d,
  conv2dInputGrad,
  conv2dSimd,
  conv2dSimdAny,
  conv2dWeightGrad,
  conv2dWeightGradSimd,
} from './convolution.ts';
import { matmul, matmulSimd } from './matmul.ts';

/** The shaders whose dispatch is set up here, so that a variant may have other constants; by file name. */
export const SHADER_ENTRIES: Readonly<Record<string, Entry>> = {
  conv2d,
  conv2d_input_grad: conv2dInputGrad,
  conv2d_weight_grad: conv2dWeightGrad,
  conv2d_simd: conv2dSimd,
  conv2d_simd_any: conv2dSimdAny,
  conv2d_weight_grad_simd: conv2dWeightGradSimd,
  matmul,
  matmul_simd: matmulSimd,
};
