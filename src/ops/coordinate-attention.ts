import { showShape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { batchNorm } from './batch-norm.ts';
import { concat } from './concat.ts';
import { conv2d } from './conv2d.ts';
import { hardSwish, mul, sigmoid } from './elementwise.ts';
import { permute, slice } from './movement.ts';
import { mean } from './reduce.ts';

/** A convolution's weight [O,C,KH,KW] and bias [O]. */
export type ConvParams = { readonly weight: Tensor; readonly bias: Tensor };
/** Scale and shift of a normalisation, each [C]. */
export type NormParams = { readonly gamma: Tensor; readonly beta: Tensor };

/** Weights of coordinate attention over C channels with a bottleneck of M. */
export type CoordinateAttentionParams = {
  /** 1x1, C -> M, shared by both directions. */
  readonly reduce: ConvParams;
  readonly norm: NormParams;
  /** 1x1, M -> C, for rows. */
  readonly height: ConvParams;
  /** 1x1, M -> C, for columns. */
  readonly width: ConvParams;
};

/** Choices of `coordinateAttention`. */
export interface CoordinateAttentionOptions {
  /** The bottleneck's normalisation (default: by the batch). */
  readonly normalise?: (x: Tensor, params: NormParams) => Tensor;
}

/**
 * Coordinate attention (Hou et al. 2021): x [N,C,H,W] times a weight per row and a weight per column, which come from
 * the means over the other direction through a shared bottleneck (1x1, batch norm, hard swish) and a sigmoid.
 * @throws when x is not [N,C,H,W] or the weights do not fit its channels.
 */
export function coordinateAttention(
  x: Tensor,
  params: CoordinateAttentionParams,
  { normalise = (y, { gamma, beta }) => batchNorm(y, gamma, beta) }: CoordinateAttentionOptions = {},
): Tensor {
  if (x.rank !== 4 || x.dtype !== 'f32')
    throw new Error(`coordinateAttention: needs an f32 input [N,C,H,W], got ${x.dtype}${showShape(x.shape)}`);
  const height = x.shape[2];
  const rows = mean(x, 3, { keepDims: true });
  const columns = permute(mean(x, 2, { keepDims: true }), [0, 1, 3, 2]);
  const { reduce, norm } = params;
  const pooled = conv2d(concat([rows, columns], 2), reduce.weight, { bias: reduce.bias });
  const y = hardSwish(normalise(pooled, norm));
  const gate = (part: Tensor, { weight, bias }: ConvParams) => sigmoid(conv2d(part, weight, { bias }));
  const [n, m] = y.shape;
  const forRows = gate(slice(y, [], [n, m, height]), params.height);
  const forColumns = gate(permute(slice(y, [0, 0, height]), [0, 1, 3, 2]), params.width);
  return mul(mul(x, forColumns), forRows);
}
