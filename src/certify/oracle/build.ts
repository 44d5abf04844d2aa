import type { Tensor } from '../../graph/index.ts';
import * as ops from '../../ops/index.ts';
import { Attributes, type OracleCall } from './attributes.ts';

type Inputs = Readonly<Record<string, Tensor>>;
type Build = (inputs: Inputs, attributes: Attributes) => Tensor;

const window = (a: Attributes, stride: ops.PerAxis) => ({
  stride: a.perAxis('stride', stride),
  padding: a.perAxis('padding', 0),
});

const axesOf = (a: Attributes) => [a.list('axes'), { keepDims: a.flag('keepdim') }] as const;

const builders: Readonly<Record<string, Build>> = {
  conv2d: ({ x, weight, bias }, a) => ops.conv2d(x, weight, { ...window(a, 1), bias }),
  max_pool2d: ({ x }, a) => ops.maxPool2d(x, a.perAxis('kernel'), window(a, a.perAxis('kernel'))),
  avg_pool2d: ({ x }, a) => ops.avgPool2d(x, a.perAxis('kernel'), window(a, a.perAxis('kernel'))),
  mean: ({ x }, a) => ops.mean(x, ...axesOf(a)),
  sum: ({ x }, a) => ops.sum(x, ...axesOf(a)),
  max: ({ x }, a) => ops.max(x, ...axesOf(a)),
  batch_norm: ({ x, gamma, beta, mean, variance }, a) =>
    ops.batchNorm(x, gamma, beta, {
      eps: a.number('eps', 1e-5),
      running: mean && variance ? { mean, variance } : undefined,
    }),
  upsample_nearest: ({ x }, a) => {
    const [height, width = height] = a.numbers('size');
    return ops.upsampleNearest(x, [height, width]);
  },
  abs_difference: ({ a, b }) => ops.abs(ops.sub(a, b)),
  hswish: ({ x }) => ops.hardSwish(x),
  exp_log_sqrt: ({ x }) => ops.log(ops.add(ops.exp(x), ops.sqrt(ops.add(ops.square(x), 1)))),
  tanh_div: ({ a, b }) => ops.div(ops.tanh(a), ops.add(ops.square(b), 1)),
  linear: ({ x, weight, bias }) => {
    const y = ops.matmul(x, weight, { transposeB: true });
    return bias === undefined ? y : ops.add(y, bias);
  },
  matmul: ({ a, b }, at) =>
    ops.matmul(a, b, { transposeA: at.flag('transpose_a'), transposeB: at.flag('transpose_b') }),
  bce_with_logits: ({ z, t }) => ops.bceWithLogits(z, t),
  cross_entropy: ({ z, t }) => ops.crossEntropy(z, t),
  log_softmax: (inputs) => ops.logSoftmax(Object.values(inputs)[0]),
  concat_slice: ({ a, b }, at) => {
    const axis = at.number('axis');
    const joined = ops.concat([a, b], axis);
    const along = (value: number, other: (n: number) => number) =>
      joined.shape.map((n, d) => (d === (axis + joined.rank) % joined.rank ? value : other(n)));
    const [start, stop] = [along(at.number('start'), () => 0), along(at.number('stop'), (n) => n)];
    return ops.slice(joined, start, stop);
  },
  permute_flatten: ({ x }, a) => ops.reshape(ops.permute(x, a.numbers('order')), [x.shape[0], -1]),
  coordinate_attention: ({ x, w1, b1, g1, e1, wh, bh, ww, bw }, a) => {
    const eps = a.number('eps', 1e-5);
    return ops.coordinateAttention(
      x,
      {
        reduce: { weight: w1, bias: b1 },
        norm: { gamma: g1, beta: e1 },
        height: { weight: wh, bias: bh },
        width: { weight: ww, bias: bw },
      },
      { normalise: (y, { gamma, beta }) => ops.batchNorm(y, gamma, beta, { eps }) },
    );
  },
  spatial_pyramid_pool: ({ x }, a) => ops.spatialPyramidPool(x, a.numbers('levels')),
};

/** Functions of scalars go by their own names, their operands in the order of the inputs. */
const scalar: Readonly<Record<string, (...operands: Tensor[]) => Tensor>> = Object.fromEntries(
  Object.keys(ops.scalarFunctions).map((name) => [
    name,
    { ...ops }[name as keyof typeof ops.scalarFunctions],
  ]),
) as Record<string, (...operands: Tensor[]) => Tensor>;

const builderOf = (op: string): Build => {
  if (Object.hasOwn(builders, op)) return builders[op];
  if (Object.hasOwn(scalar, op)) return (inputs) => scalar[op](...Object.values(inputs));
  const known = [...Object.keys(builders), ...Object.keys(scalar)].join(', ');
  throw new Error(`no op "${op}"; there are ${known}`);
};

const after: Readonly<Record<string, (y: Tensor) => Tensor>> = {
  square: ops.square,
  cube: (y) => ops.mul(ops.square(y), y),
};

/**
 * The expression that a case describes.
 * @throws when the op or an attribute is unknown or not supported, or shapes do not fit
 */
export function buildCall(call: OracleCall, inputs: Inputs): Tensor {
  const attributes = new Attributes(call);
  const y = builderOf(call.op)(inputs, attributes);
  attributes.checkAllAsked();
  if (call.then === undefined || call.then === null) return y;
  if (!Object.hasOwn(after, call.then))
    throw new Error(`${call.op}: then "${call.then}" is unknown; there are ${Object.keys(after).join(', ')}`);
  return after[call.then](y);
}
