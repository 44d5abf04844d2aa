import { showShape } from '../graph/shape.ts';
import { iota } from '../graph/source.ts';
import type { Tensor } from '../graph/tensor.ts';
import { sum } from './broadcast.ts';
import { add, equal, exp, log, mul, neg, softplus, sub, toFloat } from './elementwise.ts';
import { reshape, stopGradient } from './movement.ts';
import { max } from './reduce.ts';

/**
 * Binary cross-entropy of logits z against targets t in [0, 1] (f32 or i32), element by element:
 * t log(1 + e^-z) + (1 - t) log(1 + e^z), accurate for any z.
 * @throws when shapes differ or the logits are not f32.
 */
export function bceWithLogits(z: Tensor, t: Tensor): Tensor {
  if (showShape(z.shape) !== showShape(t.shape))
    throw new Error(
      `bceWithLogits: logits ${showShape(z.shape)} and targets ${showShape(t.shape)} differ in shape`,
    );
  if (z.dtype !== 'f32')
    throw new Error(`bceWithLogits: logits must be f32, got ${z.dtype}${showShape(z.shape)}`);
  const target = toFloat(t);
  return add(mul(target, softplus(neg(z))), mul(sub(1, target), softplus(z)));
}

/**
 * 1 at the label's position of a new last axis of `classes`, else 0 (f32): i32 labels [...] -> [..., classes].
 * @throws when labels are not i32 or `classes` is not a positive integer.
 */
export function oneHot(labels: Tensor, classes: number): Tensor {
  if (labels.dtype !== 'i32')
    throw new Error(`oneHot: labels must be i32, got ${labels.dtype}${showShape(labels.shape)}`);
  if (!Number.isInteger(classes) || classes < 1)
    throw new Error(
      `oneHot: number of classes ${classes} must be a positive integer (labels ${showShape(labels.shape)})`,
    );
  const shape = [...labels.shape, classes];
  return toFloat(equal(iota(shape, labels.rank), reshape(labels, [...labels.shape, 1])));
}

/** log(sum(exp(z))) over the last axis, kept, shifted by the maximum so that nothing overflows. */
function logSumExp(z: Tensor): Tensor {
  const peak = stopGradient(max(z, -1, { keepDims: true }));
  return add(log(sum(exp(sub(z, peak)), -1, { keepDims: true })), peak);
}

/**
 * Logarithm of the softmax over the last axis: z - log(sum(exp(z))), the same shape.
 * @throws when z is a scalar or not f32.
 */
export function logSoftmax(z: Tensor): Tensor {
  if (z.rank < 1 || z.dtype !== 'f32')
    throw new Error(`logSoftmax: needs f32 logits [..., classes], got ${z.dtype}${showShape(z.shape)}`);
  return sub(z, logSumExp(z));
}

/**
 * Cross-entropy of logits z [..., classes] against integer labels [...], one value per label. A label outside
 * 0..classes-1 counts as none of the classes.
 * @throws when shapes or the labels' type do not fit.
 */
export function crossEntropy(z: Tensor, labels: Tensor): Tensor {
  if (z.rank < 1 || showShape(z.shape.slice(0, -1)) !== showShape(labels.shape))
    throw new Error(
      `crossEntropy: logits ${showShape(z.shape)} need labels ${showShape(z.shape.slice(0, -1))}, got ${showShape(labels.shape)}`,
    );
  if (z.dtype !== 'f32' || labels.dtype !== 'i32')
    throw new Error(
      `crossEntropy: needs f32 logits and i32 labels, got ${z.dtype}${showShape(z.shape)} and ${labels.dtype}${showShape(labels.shape)}`,
    );
  return neg(sum(mul(oneHot(labels, z.shape[z.rank - 1]), logSoftmax(z)), -1));
}
