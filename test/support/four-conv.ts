import type { Tensor } from '../../src/graph/index.ts';
import type { Loss } from '../../src/meta/index.ts';
import { byBatch, conv, linear } from '../../src/nn/index.ts';
import { crossEntropy, maxPool2d, mean, relu } from '../../src/ops/index.ts';
import { readFixtureJson, readFixtureTensors } from './fixtures.ts';

/** The oracle's 4Conv classifier, its tasks' data and what PyTorch computed with them in float64. */
export const oracle = readFixtureTensors('maml.safetensors');
export const { modes, inner_lr } = readFixtureJson('maml.json') as {
  modes: { readonly tag: string }[];
  inner_lr: number;
};

export type Batch = { readonly x: Tensor; readonly y: Tensor };
export type Params = Record<string, Tensor>;

export const theta: Params = Object.fromEntries(
  [...oracle].filter(([k]) => k.startsWith('param/')).map(([k, t]) => [k.slice('param/'.length), t]),
);
export const data = (set: string): Batch => ({ x: oracle.get(`${set}/x`)!, y: oracle.get(`${set}/y`)! });

export const loss: Loss<Params, Batch> = (p, { x, y }) => {
  let features = x;
  for (let i = 0; i < 4; i++) {
    const convolved = conv(features, { weight: p[`conv${i}.weight`], bias: p[`conv${i}.bias`] }, 1);
    const norm = { gamma: p[`bn${i}.weight`], beta: p[`bn${i}.bias`] };
    features = maxPool2d(relu(byBatch(`bn${i}`, convolved, norm)), 2);
  }
  const flat = features.reshape([x.shape[0], -1]);
  return mean(crossEntropy(linear(flat, { weight: p['head.weight'], bias: p['head.bias'] }), y));
};
