import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Statistics } from '../nn/index.ts';
import { Random } from '../random.ts';
import { picked, type TaskImages } from './batch.ts';
import type { ModelConfig } from './config.ts';
import { initModel, type ModelParams, statisticsLike } from './network.ts';
import { runFiles } from './run.ts';
import type { Detector } from './scorer.ts';
import { load, Reader, save, stored } from './tensor-file.ts';

const STATISTICS = 'statistics.';

/**
 * Writes a run's weights; with statistics, those of a detector.
 * @throws when they are not finite, before the file is touched.
 */
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

/** Opens the weights of a run. A meta-training that was killed has a state, but weights only once it has ended. */
async function openWeights(folder: string): Promise<Reader> {
  const absent = existsSync(join(folder, runFiles.state))
    ? `there are no weights, only a saved state: the training was cut off; finish it first with meta-train --resume ${folder}`
    : 'there are no weights: the run was stopped before it saved any; train again';
  return new Reader(await load(folder, runFiles.weights, absent), join(folder, runFiles.weights));
}

/** Some parameters of a model, for the paths and shapes that saved ones must have. */
export const shapesOf = (model: ModelConfig): ModelParams => initModel(model, new Random(0));

/**
 * Reads the parameters of a run, whatever it was, for a model.
 * @throws when the file is absent or damaged, or a tensor does not fit the model (naming it and both shapes) or is not
 * finite.
 */
export async function loadParams(folder: string, model: ModelConfig): Promise<ModelParams> {
  const reader = await openWeights(folder);
  const params = reader.fill(shapesOf(model));
  reader.finish(STATISTICS);
  return params;
}

/**
 * Reads the detector of a fine-tuned run.
 * @throws as {@link loadParams}, and when the statistics are missing.
 */
export async function loadDetector(folder: string, model: ModelConfig): Promise<Detector> {
  const reader = await openWeights(folder);
  const params = reader.fill(shapesOf(model));
  const statistics = reader.fill(statisticsLike(params), STATISTICS);
  reader.finish();
  return { model, params, statistics };
}

/** Writes the pictures that a detector compares with. */
export async function saveReferences(
  folder: string,
  task: TaskImages,
  indices: readonly number[],
): Promise<void> {
  const { images, size, samples } = picked(task, indices);
  await save(
    folder,
    runFiles.references,
    { images: { dtype: 'U8', shape: [indices.length, 3, size, size], data: images } },
    { samples: JSON.stringify(samples) },
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
