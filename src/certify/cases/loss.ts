import * as ops from '../../ops/index.ts';
import { between, type Case, certifies, integers, spread } from '../case.ts';

const logits = between(-4, 4);

export const losses: readonly Case[] = [
  certifies('bceWithLogits', [logits(3, 5), between(0, 1)(3, 5)], ops.bceWithLogits),
  certifies('bceWithLogits', [logits(7), integers(2)(7)], ops.bceWithLogits),
  certifies('bceWithLogits', [between(60, 200)(5), integers(2)(5)], ops.bceWithLogits, 'far out'),
  certifies('crossEntropy', [logits(6, 5), integers(5)(6)], ops.crossEntropy),
  certifies('crossEntropy', [logits(2, 3, 7), integers(7)(2, 3)], ops.crossEntropy),
  certifies('crossEntropy', [logits(5), integers(5)()], ops.crossEntropy, 'of one label'),
  certifies('logSoftmax', [logits(2, 3, 5)], ops.logSoftmax),
  certifies('logSoftmax', [logits(4, 1)], ops.logSoftmax, 'of one class'),
  certifies('oneHot', [integers(5)(2, 3)], (t) => ops.oneHot(t, 5)),
  certifies('oneHot', [spread(4, 3), integers(3)(4)], (x, t) => ops.mul(x, ops.oneHot(t, 3)), 'as a mask'),
];
