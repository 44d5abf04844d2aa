import * as ops from '../../ops/index.ts';
import { type Case, certifies, integers, spread } from '../case.ts';

/* Where elements come from. */

export const movement: readonly Case[] = [
  certifies('reshape', [spread(4, 6)], (x) => ops.reshape(x, [3, -1])),
  certifies('reshape', [spread(1, 5, 1)], (x) => ops.reshape(x, [5])),
  certifies('permute', [spread(2, 3, 4)], (x) => ops.permute(x, [2, 0, 1])),
  certifies('permute', [spread(3, 1, 8, 5)], (x) => ops.permute(x, [0, 3, 2, 1])),
  certifies('transpose', [spread(3, 7)], (x) => ops.transpose(x)),
  certifies('transpose', [spread(2, 3, 5)], (x) => ops.transpose(x, 0, -1), 'of the outer axes'),
  certifies('flip', [spread(3, 4)], (x) => ops.flip(x, [0, -1])),
  certifies('flip', [spread(3, 1, 5)], (x) => ops.flip(x, [2])),
  certifies('slice', [spread(5, 6)], (x) => ops.slice(x, [1, 2], [4, -1])),
  certifies('slice', [spread(3, 1, 7)], (x) => ops.slice(x, [-1], [3, 1, 5])),
  certifies('pad', [spread(2, 3)], (x) => ops.pad(x, [1, 0], [0, 2])),
  certifies('pad', [spread(1, 3)], (x) => ops.pad(x, [2, 1], [1, 0]), 'of an extent of 1'),
  certifies('broadcastTo', [spread(3, 1)], (x) => ops.broadcastTo(x, [2, 3, 4])),
  certifies('broadcastTo', [spread()], (x) => ops.broadcastTo(x, [3, 5]), 'of a scalar'),
  certifies('broadcastTo', [spread(5, 1, 3)], (x) => ops.broadcastTo(x, [5, 7, 3])),
  certifies('concat', [spread(2, 3), spread(1, 3)], (a, b) => ops.concat([a, b, a], 0)),
  certifies('concat', [spread(2, 1, 5), spread(2, 4, 5), spread(2, 2, 5)], (...parts) =>
    ops.concat(parts, 1),
  ),
  certifies('concat', [integers(9)(2, 3), integers(9)(2, 2)], (...parts) => ops.concat(parts, -1)),
];
