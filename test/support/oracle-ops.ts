import type { Tensor } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';

/** How a case of the oracle names an op and its attributes. */
export interface OracleCall {
  readonly op: string;
  readonly then?: 'square' | 'cube';
  readonly [attribute: string]: unknown;
}

type Inputs = Readonly<Record<string, Tensor>>;
type Build = (x: Inputs, call: Record<string, never>) => Tensor;

const builders: Record<string, Build> = {
  conv2d: ({ x, weight, bias }, { stride, padding }) => ops.conv2d(x, weight, { stride, padding, bias }),
  max_pool2d: ({ x }, { kernel, stride, padding }) => ops.maxPool2d(x, kernel, { stride, padding }),
  avg_pool2d: ({ x }, { kernel, stride, padding }) => ops.avgPool2d(x, kernel, { stride, padding }),
  mean: ({ x }, { axes, keepdim }) => ops.mean(x, axes, { keepDims: keepdim }),
  batch_norm: ({ x, gamma, beta }, { eps }) => ops.batchNorm(x, gamma, beta, { eps }),
  upsample_nearest: ({ x }, { size }) => ops.upsampleNearest(x, size),
  abs_difference: ({ a, b }) => ops.abs(ops.sub(a, b)),
  hswish: ({ x }) => ops.hardSwish(x),
  sigmoid: ({ x }) => ops.sigmoid(x),
  relu: ({ x }) => ops.relu(x),
  exp_log_sqrt: ({ x }) => ops.log(ops.add(ops.exp(x), ops.sqrt(ops.add(ops.square(x), 1)))),
  tanh_div: ({ a, b }) => ops.div(ops.tanh(a), ops.add(ops.square(b), 1)),
  linear: ({ x, weight, bias }) => ops.add(ops.matmul(x, weight, { transposeB: true }), bias),
  matmul: ({ a, b }) => ops.matmul(a, b),
  bce_with_logits: ({ z, t }) => ops.bceWithLogits(z, t),
  cross_entropy: ({ z, t }) => ops.crossEntropy(z, t),
  concat_slice: ({ a, b }, { axis, start, stop }) => {
    const joined = ops.concat([a, b], axis);
    const at = (value: number, other: number) => joined.shape.map((_, d) => (d === axis ? value : other));
    return ops.slice(
      joined,
      at(start, 0),
      joined.shape.map((n, d) => (d === axis ? stop : n)),
    );
  },
  permute_flatten: ({ x }, { order }) => ops.reshape(ops.permute(x, order), [x.shape[0], -1]),
  coordinate_attention: ({ x, w1, b1, g1, e1, wh, bh, ww, bw }, { eps }) =>
    ops.coordinateAttention(
      x,
      {
        reduce: { weight: w1, bias: b1 },
        norm: { gamma: g1, beta: e1 },
        height: { weight: wh, bias: bh },
        width: { weight: ww, bias: bw },
      },
      { normalise: (y, { gamma, beta }) => ops.batchNorm(y, gamma, beta, { eps }) },
    ),
  spatial_pyramid_pool: ({ x }, { levels }) => ops.spatialPyramidPool(x, levels),
};

/** The expression that a case of the oracle describes. */
export function buildOracleCall(call: OracleCall, inputs: Inputs): Tensor {
  const build = builders[call.op];
  if (build === undefined) throw new Error(`oracle: no op "${call.op}"`);
  const y = build(inputs, call as unknown as Record<string, never>);
  if (call.then === undefined) return y;
  return call.then === 'square' ? ops.square(y) : ops.mul(ops.square(y), y);
}
