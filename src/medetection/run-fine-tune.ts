import { resolve } from 'node:path';
import { type Sample, serialiseSplit, splitTask, splitValidation } from '../data/index.ts';
import { Random } from '../random.ts';
import type { TaskImages } from './batch.ts';
import { checkModel, type ModelConfig } from './config.ts';
import { type Epoch, type FineTuned, type FineTuneOptions, fineTune } from './fine-tune.ts';
import { initModel } from './network.ts';
import {
  checkNewFolder,
  createRun,
  environmentOfRun,
  type FineTuneConfig,
  hashImages,
  openMetrics,
} from './run.ts';
import { findTarget, type LoadHooks, loadTasks } from './run-tasks.ts';
import { loadParams, saveReferences, saveWeights } from './run-tensors.ts';

/** The part of the training pictures that decides when to stop. */
const VALIDATION = 0.2;

export interface FineTuneRequest {
  /** The folder of the new run. */
  readonly folder: string;
  readonly data: string;
  readonly target: string;
  /** `random`, or the folder of the run whose weights are the start. */
  readonly init: string;
  readonly model: ModelConfig;
  readonly options: FineTuneOptions;
  readonly seed: number;
  readonly skipBroken: boolean;
}

export interface FineTuneRunHooks extends LoadHooks {
  /** Called when the pictures are loaded: how many are in each part. */
  readonly onStart?: (
    config: FineTuneConfig,
    parts: { readonly train: number; readonly validation: number; readonly test: number },
  ) => void;
  readonly onStep?: (done: number, total: number, trainLoss: number) => void;
  readonly onEpoch?: (epoch: Epoch) => void;
}

export interface FineTuneRun extends FineTuned {
  readonly folder: string;
  readonly config: FineTuneConfig;
}

/** Where samples are among the loaded pictures; those that could not be read are passed over. */
export const indicesOf = (task: TaskImages, samples: readonly Sample[]): number[] => {
  const places = new Map(task.samples.map(({ id }, i) => [id, i]));
  return samples.flatMap(({ id }) => places.get(id) ?? []);
};

/**
 * Fine-tunes on the training part of a task into a new run folder. The best epoch so far is always on the disk.
 * @throws when the initial weights do not fit, and what `discoverTasks`, `loadTasks`, `fineTune` and the run folder throw.
 */
export async function runFineTune(
  request: FineTuneRequest,
  hooks: FineTuneRunHooks = {},
): Promise<FineTuneRun> {
  const { data, target: name, init, options, seed, skipBroken } = request;
  const folder = resolve(request.folder);
  const model = checkModel(request.model);
  await checkNewFolder(folder);
  const random = new Random(seed);
  const params =
    init === 'random' ? initModel(model, random.fork('init')) : await loadParams(resolve(init), model);
  const { target } = await findTarget(data, name, hooks);
  const [task] = await loadTasks([target], { size: model.size, skipBroken }, hooks);
  const split = splitTask(target, { seed });
  const { train, validation } = splitValidation(split.train, VALIDATION, seed);
  const parts = {
    train: indicesOf(task, train),
    validation: indicesOf(task, validation),
    test: indicesOf(task, split.test),
  };
  for (const [part, indices] of Object.entries(parts))
    if (indices.length === 0)
      throw new Error(
        `fine-tune: ${target.root}: no picture is left for the ${part} part of ${task.samples.length}; add pictures`,
      );
  const config: FineTuneConfig = {
    version: 1,
    kind: 'fine-tune',
    target: name,
    data: resolve(data),
    model,
    options,
    seed,
    skipBroken,
    init: init === 'random' ? init : resolve(init),
    splitHash: split.hash,
    testHash: hashImages(task, parts.test),
    ...(await environmentOfRun()),
  };
  await createRun(folder, config, serialiseSplit(split, name, { seed }));
  hooks.onStart?.(config, {
    train: parts.train.length,
    validation: parts.validation.length,
    test: parts.test.length,
  });
  const metrics = await openMetrics(folder);
  try {
    const tuned = await fineTune(task, parts, model, options, params, random.fork('fine-tune'), {
      signal: hooks.signal,
      onStep: hooks.onStep,
      onEpoch: async (epoch, detector, references) => {
        if (epoch.epoch === 0) await saveReferences(folder, task, references);
        if (epoch.best) await saveWeights(folder, model, detector.params, detector.statistics);
        await metrics.append({ ...epoch });
        hooks.onEpoch?.(epoch);
      },
    });
    return { ...tuned, folder, config };
  } finally {
    await metrics.close();
  }
}
