import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Tree } from '../graph/index.ts';
import { load, Reader, save, stored } from '../medetection/tensor-file.ts';
import { parseRecord, type StoredTensor, stringifyRecord } from '../store/index.ts';
import { beginning, type Progress } from './meta-train.ts';
import type { MetaTraining, StudySettings, Tested } from './study.ts';

/** What makes a run this one and no other. */
export interface RunIdentity {
  readonly study: string;
  readonly method: string;
  readonly seed: number;
  readonly settings: StudySettings;
}

/** Files of a run's folder. */
const files = {
  /** Where the meta-training stands: parameters, Adam's moments, the loss of every meta-step, what was measured. */
  state: 'state.safetensors',
  /** The meta-learned parameters by dotted path, once the training has ended. */
  weights: 'weights.safetensors',
} as const;

/** The folder of a run within that of its study. */
export const runFolder = (folder: string, { method, seed }: RunIdentity): string =>
  join(folder, `${method}-seed-${seed}`);

const LOSSES = 'losses';

/**
 * Writes where a run stands.
 * @throws when it is not finite, before the file is touched.
 */
export async function saveProgress<P extends Tree>(
  folder: string,
  identity: RunIdentity,
  { state, losses, tests, seconds }: Progress<P>,
): Promise<void> {
  const tensors: Record<string, StoredTensor> = await stored(state);
  tensors[LOSSES] = { dtype: 'F32', shape: [losses.length], data: Float32Array.from(losses) };
  await save(folder, files.state, tensors, {
    run: JSON.stringify(identity),
    seconds: String(seconds),
    tests: stringifyRecord({ tests }),
  });
}

/**
 * Reads where a run stands; one that was never saved is at its beginning.
 * @throws naming the file when it is damaged, of another run, or does not fit.
 */
export async function loadProgress<P extends Tree>(
  folder: string,
  identity: RunIdentity,
  training: MetaTraining<P>,
): Promise<Progress<P>> {
  const start = beginning(training);
  const path = join(folder, files.state);
  if (!existsSync(path)) return start;
  const file = await load(folder, files.state, 'there is no saved state');
  if (file.metadata.run !== JSON.stringify(identity))
    throw new Error(
      `reproduce: ${path}: it is the state of another run (${file.metadata.run ?? 'none named'}), not of ${JSON.stringify(identity)}; restore it, or remove it to begin this run anew`,
    );
  const losses = file.tensors[LOSSES];
  const seconds = Number(file.metadata.seconds ?? Number.NaN);
  const tests = parseRecord(file.metadata.tests ?? '')?.tests as readonly Tested[];
  if (
    losses?.dtype !== 'F32' ||
    losses.shape.length !== 1 ||
    !Number.isFinite(seconds) ||
    !Array.isArray(tests)
  )
    throw new Error(
      `reproduce: ${path}: it has no losses, no tests or no time; it is not the state of a run`,
    );
  const reader = new Reader(file, path);
  const state = reader.fill(start.state);
  reader.finish(LOSSES);
  return { state, losses: Array.from(losses.data), tests, seconds };
}

/** Writes the meta-learned parameters of a run. */
export async function saveTheta(folder: string, identity: RunIdentity, theta: Tree): Promise<void> {
  await save(folder, files.weights, await stored(theta), { run: JSON.stringify(identity) });
}

/**
 * Reads the meta-learned parameters of a run.
 * @param folder of the run, as `results/second-order-seed-0`.
 * @param like parameters of the same paths and shapes.
 * @throws naming the file when it is absent or damaged, or a tensor does not fit.
 */
export async function loadTheta<P extends Tree>(folder: string, like: P): Promise<P> {
  const absent = 'there are no weights here; give the folder of a finished run, as `reproduce` writes it';
  const reader = new Reader(await load(folder, files.weights, absent), join(folder, files.weights));
  const theta = reader.fill(like);
  reader.finish();
  return theta;
}
