import { readFile } from 'node:fs/promises';
import { type Tensor, tree } from '../graph/index.ts';
import type { Statistics } from '../nn/index.ts';
import { Random } from '../random.ts';
import { decodeSafetensors, type SafetensorsFile, type StoredTensor } from '../store/index.ts';
import { checkModel, type ModelConfig } from './config.ts';
import { initModel, type ModelParams, statisticsLike } from './network.ts';
import { Reader, stored } from './tensor-file.ts';

/*
 * Weights under the names that the modules of the published PyTorch code give them (`S_net.0.weight`), so that a state dict
 * moves both ways: `safetensors.torch.save_file(model.state_dict(), ...)` there is read here, and what is written here loads there.
 */

/** Modules of the published code by ours: the trunk's sequence, four sequences of blocks, coordinate attention, the classifier. */
const modules: readonly (readonly [ours: string, published: string])[] = [
  ['trunk.stage1.conv1', 'S_net.0'],
  ['trunk.stage1.conv2', 'S_net.1'],
  ['trunk.stage1.norm', 'S_net.3'],
  ['trunk.stage2.conv1', 'S_net.4'],
  ['trunk.stage2.conv2', 'S_net.5'],
  ['trunk.stage2.norm', 'S_net.7'],
  ['trunk.stage3.conv1', 'S_net.8'],
  ['trunk.stage3.conv2', 'S_net.9'],
  ['trunk.stage3.conv3', 'S_net.10'],
  ['trunk.stage3.norm', 'S_net.12'],
  ...[1, 2, 3, 4].flatMap((n) => [
    [`blocks.block${n}.conv`, `C_net${n}.0`] as const,
    [`blocks.block${n}.norm`, `C_net${n}.2`] as const,
  ]),
  ['attention.block1.reduce', 'ca.conv1'],
  ['attention.block1.norm', 'ca.bn1'],
  ['attention.block1.height', 'ca.conv_h'],
  ['attention.block1.width', 'ca.conv_w'],
  ['head', 'classifier.0'],
];
const byOurs = new Map(modules);

/** A convolution that the published code declares and never runs; a state dict has it all the same. */
const unused = { 'adjust.weight': [256, 3, 3, 3], 'adjust.bias': [256] };
const COUNTER = 'num_batches_tracked';

const fields: Readonly<Record<string, string>> = {
  gamma: 'weight',
  beta: 'bias',
  mean: 'running_mean',
  variance: 'running_var',
};

/** `trunk.stage1.norm.gamma` -> `S_net.3.weight`. */
export function publishedName(path: string): string {
  const at = path.lastIndexOf('.');
  const [module, field] = [path.slice(0, at), path.slice(at + 1)];
  return `${byOurs.get(module)}.${fields[field] ?? field}`;
}

/** @throws unless the published code has a network of this configuration. */
function checkPublished(model: ModelConfig): void {
  const { network, width, attention, siamese, head } = checkModel(model);
  if (network !== 'official' || width !== 32 || attention !== 'low' || head !== 'pyramid' || siamese !== true)
    throw new Error(
      `state dict: the published code has only the network "official" of width 32, siamese, with attention low and head pyramid; this one is "${network}" of width ${width}, ${siamese ? '' : 'not '}siamese, with attention ${attention} and head ${head}`,
    );
}

/** Whether a path names a file of weights rather than the folder of a run. */
export const isStateDict = (path: string): boolean => path.endsWith('.safetensors');

/** Reads the file of a state dict: {@link fromStateDict}. @throws also when it cannot be read. */
export async function readStateDict(path: string, model: ModelConfig): Promise<Required<Weights>> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new Error(`state dict: ${path}: cannot be read (${(error as Error).message})`);
  }
  return fromStateDict(model, decodeSafetensors(bytes, path), path);
}

/** Weights, and the running statistics of the normalisations if there are any. */
export interface Weights {
  readonly params: ModelParams;
  readonly statistics?: Statistics;
}

/**
 * A state dict of the published network, whole, so that PyTorch's `load_state_dict` takes it strictly. Normalisations without statistics
 * get those of a new one (mean 0, variance 1); the convolution that is never run gets zeros.
 * @throws when the model is not the published one.
 */
export async function toStateDict(
  model: ModelConfig,
  { params, statistics }: Weights,
): Promise<Record<string, StoredTensor>> {
  checkPublished(model);
  const named = Object.entries({
    ...newStatistics(params),
    ...(await stored(params)),
    ...(statistics && (await stored(statistics))),
  }).map(([path, t]): [string, StoredTensor] => [publishedName(path), t]);
  const counters = Object.keys(statisticsLike(params)).map((path): [string, StoredTensor] => [
    `${byOurs.get(path)}.${COUNTER}`,
    { dtype: 'I64', shape: [], data: new Float64Array(1) },
  ]);
  const never = Object.entries(unused).map(([name, shape]): [string, StoredTensor] => [
    name,
    { dtype: 'F32', shape, data: new Float32Array(shape.reduce((a, b) => a * b)) },
  ]);
  return Object.fromEntries([...named, ...counters, ...never]);
}

/** Mean 0 and variance 1, by path. */
const newStatistics = (params: ModelParams): Record<string, StoredTensor> =>
  Object.fromEntries(
    tree.entries<Tensor>(statisticsLike(params)).map(([path, { shape }]) => {
      const data = new Float32Array(shape[0]).fill(path.endsWith('.variance') ? 1 : 0);
      return [path, { dtype: 'F32', shape, data } as const];
    }),
  );

/**
 * The weights of a state dict of the published network.
 * @param where the file, for errors.
 * @throws when the model is not the published one, or a tensor is missing, has another shape, is not finite, or is unknown.
 */
export function fromStateDict(
  model: ModelConfig,
  { tensors }: SafetensorsFile,
  where: string,
): Required<Weights> {
  checkPublished(model);
  const known = Object.entries(tensors).filter(
    ([name]) => !name.endsWith(`.${COUNTER}`) && !Object.hasOwn(unused, name),
  );
  const reader = new Reader({ tensors: Object.fromEntries(known), metadata: {} }, where, publishedName);
  const params = reader.fill(initModel(model, new Random(0)));
  const statistics = reader.fill(statisticsLike(params));
  reader.finish();
  return { params, statistics };
}
