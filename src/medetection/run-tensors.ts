import { join } from 'node:path';
import { showShape, type Tensor, type Tree, tensor, tree } from '../graph/index.ts';
import type { Statistics } from '../nn/index.ts';
import { Random } from '../random.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsFile,
  type StoredTensor,
  writeFileAtomic,
} from '../store/index.ts';
import type { TaskImages } from './batch.ts';
import type { ModelConfig } from './config.ts';
import { initMetaState, type MetaState } from './meta-train.ts';
import { initModel, type ModelParams } from './network.ts';
import { readRunFile, runFiles } from './run.ts';
import type { Detector } from './scorer.ts';

const STATISTICS = 'statistics.';

/** The tensors of a tree by their dotted paths, read back to the host. */
async function stored(values: Tree, prefix = ''): Promise<Record<string, StoredTensor>> {
  const entries = tree.entries(values).map(async ([path, t]): Promise<[string, StoredTensor]> => {
    const data = (await t.data()) as Float32Array;
    return [`${prefix}${path}`, { dtype: 'F32', shape: t.shape, data }];
  });
  return Object.fromEntries(await Promise.all(entries));
}

const save = async (
  folder: string,
  file: string,
  tensors: Record<string, StoredTensor>,
  metadata: Record<string, string>,
): Promise<void> =>
  writeFileAtomic(
    join(folder, file),
    encodeSafetensors(tensors, { format: 'medetection', version: '1', ...metadata }),
  );

async function load(folder: string, file: string, absent: string): Promise<SafetensorsFile> {
  const bytes = await readRunFile(folder, file, absent);
  try {
    return decodeSafetensors(bytes, join(folder, file));
  } catch (error) {
    throw new Error(`${(error as Error).message}; the file is damaged: restore it, or train again`, {
      cause: error,
    });
  }
}

/** The tensors of a file in the places of a tree of the same paths and shapes. */
class Reader {
  readonly #tensors: Record<string, StoredTensor>;
  readonly #path: string;
  readonly #used = new Set<string>();

  constructor({ tensors }: SafetensorsFile, path: string) {
    this.#tensors = tensors;
    this.#path = path;
  }

  /** @throws when a tensor is missing or does not fit, naming it and both shapes. */
  fill<T extends Tree>(like: T, prefix = ''): T {
    return tree.mapWithPath((path, { shape }) => this.#take(`${prefix}${path}`, shape), like);
  }

  /** @throws when the file has tensors that nothing asked for, other than those named. */
  finish(but?: string): void {
    const left = Object.keys(this.#tensors).filter(
      (name) => !this.#used.has(name) && !(but !== undefined && name.startsWith(but)),
    );
    if (left.length > 0)
      throw new Error(
        `run: ${this.#path}: tensor "${left[0]}"${left.length > 1 ? ` and ${left.length - 1} others have` : ' has'} no place in this model; give the model options that the weights were trained with`,
      );
  }

  #take(name: string, shape: readonly number[]): Tensor {
    const found = Object.hasOwn(this.#tensors, name) ? this.#tensors[name] : undefined;
    const fail = (problem: string): never => {
      throw new Error(
        `run: ${this.#path}: tensor "${name}" ${problem}; give the model options that the weights were trained with`,
      );
    };
    if (found === undefined) return fail(`is missing: the model needs one of shape ${showShape(shape)}`);
    if (found.dtype !== 'F32') return fail(`is of type ${found.dtype}, expected F32`);
    if (showShape(found.shape) !== showShape(shape))
      return fail(
        `has shape ${showShape(found.shape)} in the file, the model needs one of shape ${showShape(shape)}`,
      );
    this.#used.add(name);
    return tensor(found.data, shape);
  }
}

/** Writes a run's weights; with statistics, those of a detector. */
export async function saveWeights(
  folder: string,
  model: ModelConfig,
  params: ModelParams,
  statistics?: Statistics,
): Promise<void> {
  const tensors = {
    ...(await stored(params)),
    ...(statistics && (await stored(statistics, STATISTICS))),
  };
  await save(folder, runFiles.weights, tensors, {
    kind: statistics ? 'detector' : 'parameters',
    model: JSON.stringify(model),
  });
}

const noWeights = 'there are no weights: the run was stopped before it saved any; train again';

/** Zero parameters of a model: the paths and shapes that weights must have. */
const shapesOf = (model: ModelConfig): ModelParams => initModel(model, new Random(0));

/**
 * Reads the parameters of a run, whatever it was, for a model.
 * @throws when the file is absent or damaged, or a tensor does not fit the model (naming it and both shapes).
 */
export async function loadParams(folder: string, model: ModelConfig): Promise<ModelParams> {
  const reader = new Reader(await load(folder, runFiles.weights, noWeights), join(folder, runFiles.weights));
  const params = reader.fill(shapesOf(model));
  reader.finish(STATISTICS);
  return params;
}

/**
 * Reads the detector of a fine-tuned run.
 * @throws as {@link loadParams}, and when the statistics are missing.
 */
export async function loadDetector(folder: string, model: ModelConfig): Promise<Detector> {
  const reader = new Reader(await load(folder, runFiles.weights, noWeights), join(folder, runFiles.weights));
  const params = reader.fill(shapesOf(model));
  const norms = tree.entries(params).filter(([path]) => path.endsWith('.norm.gamma'));
  const statistics = reader.fill<Statistics>(
    Object.fromEntries(
      norms.map(([path, gamma]) => [path.replace(/\.gamma$/, ''), { mean: gamma, variance: gamma }]),
    ),
    STATISTICS,
  );
  reader.finish();
  return { model, params, statistics };
}

/** Writes where meta-training stands. */
export async function saveState(folder: string, { iteration, params, adam }: MetaState): Promise<void> {
  await save(folder, runFiles.state, await stored({ params, adam }), { iteration: String(iteration) });
}

/**
 * Reads where meta-training stands.
 * @throws when the file is absent or damaged, or does not fit the model.
 */
export async function loadState(folder: string, model: ModelConfig): Promise<MetaState> {
  const path = join(folder, runFiles.state);
  const file = await load(folder, runFiles.state, 'there is no saved state to go on from; train anew');
  const iteration = Number(file.metadata.iteration ?? Number.NaN);
  if (!Number.isInteger(iteration) || iteration < 0)
    throw new Error(`run: ${path}: its metadata have no number of steps done; it is not a saved state`);
  const { params, adam } = initMetaState(shapesOf(model));
  const reader = new Reader(file, path);
  const state = reader.fill({ params, adam });
  reader.finish();
  return { ...state, iteration };
}

/** Writes the pictures that a detector compares with. */
export async function saveReferences(
  folder: string,
  { images, size, samples }: TaskImages,
  indices: readonly number[],
): Promise<void> {
  const length = 3 * size * size;
  const data = new Uint8Array(indices.length * length);
  for (const [k, i] of indices.entries()) data.set(images.subarray(i * length, (i + 1) * length), k * length);
  await save(
    folder,
    runFiles.references,
    { images: { dtype: 'U8', shape: [indices.length, 3, size, size], data } },
    { samples: JSON.stringify(indices.map((i) => samples[i])) },
  );
}

/**
 * Reads the pictures that a detector compares with.
 * @throws when the file is absent or damaged, or its pictures are of another size than the model's.
 */
export async function loadReferences(folder: string, { size }: ModelConfig): Promise<TaskImages> {
  const path = join(folder, runFiles.references);
  const { tensors, metadata } = await load(
    folder,
    runFiles.references,
    'there are no reference pictures; give some with --references DIR',
  );
  const { images } = tensors;
  if (images?.dtype !== 'U8' || images.shape.slice(1).join() !== [3, size, size].join())
    throw new Error(`run: ${path}: tensor "images" is missing or not U8 of shape [n, 3, ${size}, ${size}]`);
  const samples = JSON.parse(metadata.samples ?? '[]') as TaskImages['samples'];
  if (samples.length !== images.shape[0])
    throw new Error(`run: ${path}: ${images.shape[0]} pictures but the names of ${samples.length}`);
  return { images: images.data, size, samples, labels: new Uint8Array(samples.length), skipped: [] };
}

/** Two sets of pictures of one size as one; the second's come after the first's. */
export const joinImages = (first: TaskImages, second: TaskImages): TaskImages => {
  const images = new Uint8Array(first.images.length + second.images.length);
  images.set(first.images);
  images.set(second.images, first.images.length);
  return {
    images,
    size: first.size,
    labels: Uint8Array.of(...first.labels, ...second.labels),
    samples: [...first.samples, ...second.samples],
    skipped: [...first.skipped, ...second.skipped],
  };
};
