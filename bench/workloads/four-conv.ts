import { type Tensor, tensor } from '../../src/graph/index.ts';
import type { Loss } from '../../src/meta/index.ts';
import { byBatch, conv, initConv, initLinear, initNorm, linear, normal } from '../../src/nn/index.ts';
import { crossEntropy, maxPool2d, mean, relu } from '../../src/ops/index.ts';
import type { Random } from '../../src/random.ts';

/** Images [N,1,28,28] and their classes [N]; or both behind a task axis. */
export type Classified = { readonly x: Tensor; readonly y: Tensor };

/** The 4Conv of Omniglot, 64 filters, 5-way: its initial parameters and its loss. */
export function fourConv(random: Random) {
  const params = {
    blocks: Array.from({ length: 4 }, (_, i) => ({
      conv: initConv(random, i === 0 ? 1 : 64, 64, 3),
      norm: initNorm(64),
    })),
    head: initLinear(random, 64, 5),
  };
  const loss: Loss<typeof params, Classified> = (p, { x, y }) => {
    const features = p.blocks.reduce(
      (f, b, i) => maxPool2d(relu(byBatch(`${i}`, conv(f, b.conv, 1), b.norm)), 2),
      x,
    );
    return mean(crossEntropy(linear(features.reshape([x.shape[0], -1]), p.head), y));
  };
  return { params, loss };
}

/** Noise with classes in turn; `shape` is [N], or [tasks, N]. */
export function noisyCharacters(random: Random, ...shape: number[]): Classified {
  const length = shape.reduce((a, b) => a * b, 1);
  return {
    x: normal(random, [...shape, 1, 28, 28], 1),
    y: tensor(
      Int32Array.from({ length }, (_, i) => i % 5),
      shape,
    ),
  };
}
