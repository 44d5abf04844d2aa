import { join } from 'node:path';
import { initAdam } from '../optim/index.ts';
import { parseRecord, stringifyRecord } from '../store/index.ts';
import type { ModelConfig } from './config.ts';
import type { Epoch, FineTuneState } from './fine-tune.ts';
import type { MetaTrainOptions } from './meta-options.ts';
import { initMetaState, type MetaState } from './meta-train.ts';
import { statisticsLike } from './network.ts';
import { runFiles } from './run.ts';
import { shapesOf } from './run-tensors.ts';
import { load, Reader, save, stored } from './tensor-file.ts';

const noState = 'there is no saved state to go on from; train anew';

/**
 * Writes where meta-training stands.
 * @throws when it is not finite, before the file is touched.
 */
export async function saveState(
  folder: string,
  { iteration, params, rates, adam, statistics }: MetaState,
): Promise<void> {
  await save(folder, runFiles.state, await stored({ params, rates, adam, statistics }), {
    iteration: String(iteration),
  });
}

/**
 * Reads where meta-training stands.
 * @throws when the file is absent or damaged, or does not fit the model and what the algorithm learns.
 */
export async function loadState(
  folder: string,
  model: ModelConfig,
  options: MetaTrainOptions,
): Promise<MetaState> {
  const path = join(folder, runFiles.state);
  const file = await load(folder, runFiles.state, noState);
  const iteration = Number(file.metadata.iteration ?? Number.NaN);
  if (!Number.isInteger(iteration) || iteration < 0)
    throw new Error(`run: ${path}: its metadata have no number of steps done; it is not a saved state`);
  const { params, rates, adam, statistics } = initMetaState(shapesOf(model), options);
  const reader = new Reader(file, path);
  const state = reader.fill({ params, rates, adam, statistics });
  reader.finish();
  return { ...state, iteration };
}

/**
 * Writes where fine-tuning stands after its last whole epoch.
 * @throws when it is not finite, before the file is touched.
 */
export async function saveFineTuneState(
  folder: string,
  { params, adam, best, bestScores, epochs }: FineTuneState,
): Promise<void> {
  const metadata = {
    epochs: epochs.map((epoch) => stringifyRecord({ ...epoch })).join('\n'),
    bestScores: stringifyRecord({ ...bestScores }),
  };
  await save(folder, runFiles.state, await stored({ params, adam, best }), metadata);
}

/**
 * Reads where fine-tuning stands.
 * @throws when the file is absent or damaged, or does not fit the model.
 */
export async function loadFineTuneState(folder: string, model: ModelConfig): Promise<FineTuneState> {
  const path = join(folder, runFiles.state);
  const file = await load(folder, runFiles.state, noState);
  const epochs = (file.metadata.epochs ?? '').split('\n').map(parseRecord) as unknown as Epoch[];
  if (epochs.some((epoch, i) => epoch?.epoch !== i))
    throw new Error(
      `run: ${path}: its metadata do not list the epochs done; it is not the state of a fine-tuning`,
    );
  const { validation, test } = parseRecord(file.metadata.bestScores ?? '') ?? {};
  if (!isScores(validation) || !isScores(test))
    throw new Error(`run: ${path}: its metadata lack the scores of the best epoch; fine-tune anew`);
  const bestScores = { validation: Float32Array.from(validation), test: Float32Array.from(test) };
  const params = shapesOf(model);
  const adam = initAdam(params);
  const reader = new Reader(file, path);
  const best = { params, statistics: statisticsLike(params) };
  const state = reader.fill({ params, adam, best });
  reader.finish();
  return { ...state, bestScores, epochs };
}

const isScores = (value: unknown): value is number[] => Array.isArray(value) && value.every(Number.isFinite);
