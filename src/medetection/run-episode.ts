import { resolve } from 'node:path';
import { sampleEpisode } from '../data/index.ts';
import type { TaskData } from '../meta/index.ts';
import type { Random } from '../random.ts';
import { labelledPairs } from './batch.ts';
import type { LabelledPairs, ModelParams } from './network.ts';
import { type MetaTrainConfig, readConfig } from './run.ts';
import { findTarget, type LoadHooks, loadTasks } from './run-tasks.ts';
import { loadParams } from './run-tensors.ts';

/** A meta-trained model, and an episode of a task as one of its meta-steps would draw it. */
export interface RunEpisode {
  readonly config: MetaTrainConfig;
  readonly params: ModelParams;
  /** The task's name. */
  readonly task: string;
  readonly data: TaskData<LabelledPairs>;
}

/**
 * Reads the weights of a meta-trained run and draws an episode.
 * @param task its name (default: the run's target, which it has not learned from)
 * @param data where the folder of tasks is now, if it moved
 * @throws when the folder is no finished meta-training, or the task is absent or too small.
 */
export async function runEpisode(
  folder: string,
  { task: name, data, random }: { readonly task?: string; readonly data?: string; readonly random: Random },
  hooks: LoadHooks = {},
): Promise<RunEpisode> {
  const config = await readConfig(folder, 'meta-train');
  const { model, options, skipBroken } = config;
  const params = await loadParams(resolve(folder), model);
  const { target } = await findTarget(data ?? config.data, name ?? config.target);
  const [images] = await loadTasks([target], { size: model.size, skipBroken }, hooks);
  const { support, query } = sampleEpisode(images.labels, { ...options, random });
  return {
    config,
    params,
    task: target.name,
    data: { support: labelledPairs(images, support), query: labelledPairs(images, query) },
  };
}
