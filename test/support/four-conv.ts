import { classifier } from '../../src/certify/oracle/maml.ts';
import type { Tensor } from '../../src/graph/index.ts';
import type { Loss } from '../../src/meta/index.ts';
import { readFixtureJson, readFixtureTensors } from './fixtures.ts';

/* The oracle's 4Conv classifier and its task's data. */

const oracle = readFixtureTensors('maml.safetensors');
export const { inner_lr } = readFixtureJson('maml.json') as { inner_lr: number };

export type Batch = { readonly x: Tensor; readonly y: Tensor };
export type Params = Record<string, Tensor>;

export const theta: Params = Object.fromEntries(
  [...oracle].filter(([k]) => k.startsWith('param/')).map(([k, t]) => [k.slice('param/'.length), t]),
);
export const data = (set: string): Batch => ({ x: oracle.get(`${set}/x`)!, y: oracle.get(`${set}/y`)! });

export const loss: Loss<Params, Batch> = classifier(1e-5);
