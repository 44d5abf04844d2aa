import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Tree } from '../graph/index.ts';
import { checkNewFolder, environmentOfRun } from '../medetection/index.ts';
import { attempting } from '../medetection/run-tasks.ts';
import { metaTrain, type Progress } from './meta-train.ts';
import {
  checkRuns,
  type Results,
  type RunResult,
  readResults,
  trainingCurve,
  writeResults,
} from './results.ts';
import { loadProgress, type RunIdentity, runFolder, saveProgress, saveTheta } from './run-state.ts';
import type { MetaTraining, Study, StudySettings, Tested } from './study.ts';

export interface ReproduceRequest<S extends StudySettings> {
  /** The folder of the new study. */
  readonly folder: string;
  readonly settings: S;
  readonly methods: readonly string[];
  readonly seeds: readonly number[];
  /** Meta-steps between two saves of the state. */
  readonly checkpointEvery: number;
}

export interface ReproduceHooks {
  readonly warn?: (warning: string) => void;
  /** Stops after the meta-steps under way. */
  readonly signal?: AbortSignal;
  /** Called before a run trains, with the meta-steps that it has done already. */
  readonly onRun?: (run: RunIdentity, done: number) => void;
  /** Called with the losses of all meta-steps of the run so far. */
  readonly onLosses?: (losses: readonly number[]) => void;
  /** Called with what was measured in the course of training. */
  readonly onTested?: (tested: Tested) => void;
  /** Called before a trained run is measured on the test tasks. */
  readonly onEvaluate?: (run: RunIdentity) => void;
  readonly onResult?: (result: RunResult) => void;
}

/**
 * Makes a study again, into a new folder: every method from every seed is meta-trained, saved and measured.
 * @throws when a setting is not allowed, the folder is not empty, or training diverges.
 */
export async function reproduce<S extends StudySettings, P extends Tree>(
  study: Study<S, P>,
  { folder, settings, methods, seeds, checkpointEvery }: ReproduceRequest<S>,
  hooks: ReproduceHooks = {},
): Promise<Results<S>> {
  study.check(settings);
  checkRuns(study, methods, seeds);
  await checkNewFolder(folder);
  await mkdir(folder, { recursive: true });
  const results: Results<S> = {
    version: 1,
    kind: 'reproduce',
    study: study.name,
    settings,
    methods,
    seeds,
    runs: [],
  };
  await writeResults(folder, results);
  return finish(study, folder, results, checkpointEvery, hooks);
}

/**
 * Goes on with a study from what was saved last, as if it had never stopped.
 * @throws when the folder is not one of this study, or its files are damaged.
 */
export async function resumeReproduction<S extends StudySettings, P extends Tree>(
  study: Study<S, P>,
  { folder, checkpointEvery }: Pick<ReproduceRequest<S>, 'folder' | 'checkpointEvery'>,
  hooks: ReproduceHooks = {},
): Promise<Results<S>> {
  return finish(study, folder, await readResults(study, folder), checkpointEvery, hooks);
}

/** Makes the runs that are still to be made. */
async function finish<S extends StudySettings, P extends Tree>(
  study: Study<S, P>,
  folder: string,
  before: Results<S>,
  checkpointEvery: number,
  hooks: ReproduceHooks,
): Promise<Results<S>> {
  let results = before;
  const { settings, methods, seeds } = results;
  for (const seed of seeds)
    for (const method of methods) {
      if (results.runs.some((run) => run.method === method && run.seed === seed)) continue;
      if (hooks.signal?.aborted) return results;
      const identity = { study: study.name, method, seed, settings };
      const training = study.training(settings, method, seed);
      const result = await makeRun(resolve(folder), identity, training, checkpointEvery, hooks);
      if (result === undefined) return results;
      results = { ...results, runs: [...results.runs, result] };
      await writeResults(folder, results);
      hooks.onResult?.(result);
    }
  return results;
}

/** Trains and measures one run; undefined when it was stopped before its end, and saved. */
async function makeRun<P extends Tree>(
  studyFolder: string,
  identity: RunIdentity,
  training: MetaTraining<P>,
  saveEvery: number,
  { warn, signal, onRun, onLosses, onTested, onEvaluate }: ReproduceHooks,
): Promise<RunResult | undefined> {
  const { method, seed, settings } = identity;
  const folder = runFolder(studyFolder, identity);
  await mkdir(folder, { recursive: true });
  const start = await loadProgress(folder, identity, training);
  onRun?.(identity, start.losses.length);
  const attempt = attempting(warn);
  const save = (progress: Progress<P>) =>
    attempt(`the checkpoint of step ${progress.losses.length}`, () =>
      saveProgress(folder, identity, progress),
    );
  const { iterations } = settings;
  const reached = await metaTrain(training, start, iterations, {
    saveEvery,
    save,
    onLosses,
    onTested,
    signal,
  });
  await saveProgress(folder, identity, reached);
  if (reached.losses.length < iterations) return undefined;
  const { theta } = reached.state;
  await saveTheta(folder, identity, theta);
  onEvaluate?.(identity);
  const evaluation = await training.evaluate(theta);
  return {
    method,
    seed,
    seconds: reached.seconds,
    ...(await environmentOfRun()),
    curve: trainingCurve(reached.losses),
    tests: reached.tests,
    evaluation,
  };
}
