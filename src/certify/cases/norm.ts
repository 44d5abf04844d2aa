import * as ops from '../../ops/index.ts';
import { between, type Case, certifies, spread } from '../case.ts';

const eps = 0.05;

const norm = (shape: number[]): Case =>
  certifies(
    'batchNorm',
    [spread(...shape), spread(shape[1]), spread(shape[1])],
    (x, gamma, beta) => ops.batchNorm(x, gamma, beta, { eps }),
    `eps ${eps}`,
  );

const attention = (n: number, channels: number, h: number, w: number, bottleneck: number): Case =>
  certifies(
    'coordinateAttention',
    [
      spread(n, channels, h, w),
      spread(bottleneck, channels, 1, 1),
      spread(bottleneck),
      spread(bottleneck),
      spread(bottleneck),
      spread(channels, bottleneck, 1, 1),
      spread(channels),
      spread(channels, bottleneck, 1, 1),
      spread(channels),
    ],
    (x, w1, b1, gamma, beta, wh, bh, ww, bw) =>
      ops.coordinateAttention(
        x,
        {
          reduce: { weight: w1, bias: b1 },
          norm: { gamma, beta },
          height: { weight: wh, bias: bh },
          width: { weight: ww, bias: bw },
        },
        { normalise: (y, p) => ops.batchNorm(y, p.gamma, p.beta, { eps: 0.1 }) },
      ),
  );

export const norms: readonly Case[] = [
  norm([7, 3]),
  norm([3, 2, 5]),
  norm([2, 3, 4, 5]),
  norm([2, 5, 8, 8]),
  norm([1, 4]),
  norm([1, 3, 1, 1]),
  norm([300, 3]),
  norm([2, 3, 37, 41]),
  certifies(
    'batchNorm',
    [spread(4, 3, 2, 2), spread(3), spread(3), spread(3), between(0.5, 2)(3)],
    (x, g, b, mean, variance) => ops.batchNorm(x, g, b, { running: { mean, variance } }),
    'by running statistics',
  ),
  certifies('batchStatistics', [spread(3, 2, 4)], (x) => Object.values(ops.batchStatistics(x))),
  certifies('batchStatistics', [spread(9, 3)], (x) => Object.values(ops.batchStatistics(x))),
  attention(2, 4, 3, 5, 8),
  attention(1, 3, 1, 7, 2),
];
