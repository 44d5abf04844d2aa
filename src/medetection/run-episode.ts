import { resolve } from 'node:path';
import { sampleEpisode } from '../data/index.ts';
import type { InnerLoop, Loss, TaskData } from '../meta/index.ts';
import { byBatch, byStatistics } from '../nn/index.ts';
import type { Random } from '../random.ts';
import { episodeOf } from './episode.ts';
import { hasStepStatistics, innerLoop, meanInnerRate, networkLoss } from './meta-objective.ts';
import type { LabelledPairs, ModelParams } from './network.ts';
import { readConfig } from './run.ts';
import { loadState } from './run-state.ts';
import { findTarget, type LoadHooks, loadTasks } from './run-tasks.ts';

/** What a meta-training has learned, and an episode as one of its meta-steps would draw it. */
export interface RunEpisode {
  /** The task's name. */
  readonly task: string;
  readonly data: TaskData<LabelledPairs>;
  readonly params: ModelParams;
  readonly loss: Loss<ModelParams, LabelledPairs>;
  /** The run's inner loop. What it has learned for every step serves the last one's in all steps beyond. */
  readonly inner: InnerLoop;
}

export interface EpisodeRequest {
  /** The task's name (default: the run's target, which it has not learned from). */
  readonly task?: string;
  /** Where the folder of tasks is now, if it moved. */
  readonly data?: string;
  /** Instead of the run's own. */
  readonly innerRate?: number;
  readonly innerSteps?: number;
  readonly random: Random;
}

/**
 * Reads where a meta-training stands and draws an episode.
 * @throws when the folder is no meta-training, the task is absent or too small, the run has learned the rate that is to be
 *   replaced, or does not differentiate through its inner steps (implicit MAML).
 */
export async function runEpisode(
  folder: string,
  { task: name, data, innerRate, innerSteps, random }: EpisodeRequest,
  hooks: LoadHooks = {},
): Promise<RunEpisode> {
  const { model, options, skipBroken, ...config } = await readConfig(folder, 'meta-train');
  const trainedSteps = options.innerSteps;
  if (options.algorithm === 'imaml')
    throw new Error(
      `run: ${folder}: implicit MAML has no inner steps to follow: it differentiates where they end`,
    );
  const { params, rates, statistics } = await loadState(resolve(folder), model, options);
  const { rate: own, ...inner } = innerLoop(options, rates, {
    innerRate: meanInnerRate({ ...options, innerRate: innerRate ?? options.innerRate }),
    weights: [],
    firstOrder: false,
    outerRate: options.outerRate,
  });
  if (typeof own === 'function' && innerRate !== undefined)
    throw new Error(`run: ${folder}: it has learned its inner rates; leave out the one given`);
  const rate: InnerLoop['rate'] =
    typeof own === 'function' ? (step, path) => own(Math.min(step, trainedSteps - 1), path) : own;
  const network = networkLoss(model, options, (step) =>
    hasStepStatistics(options) ? byStatistics(statistics[step]) : byBatch,
  );
  const { target } = await findTarget(data ?? config.data, name ?? config.target, undefined, config);
  const [images] = await loadTasks([target], { size: model.size, skipBroken }, hooks);
  const shots = sampleEpisode(images.labels, { ...options, random });
  return {
    task: target.name,
    data: episodeOf(images, shots, model, options.jointNorm),
    params,
    loss: (theta, batch, step) => network(theta, batch, Math.min(step, trainedSteps)),
    inner: { ...inner, rate, steps: innerSteps ?? trainedSteps },
  };
}
