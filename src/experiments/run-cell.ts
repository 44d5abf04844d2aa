import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  environmentOfRun,
  type FineTuneRunHooks,
  Interrupted,
  type MetaTrainRunHooks,
  resumeFineTune,
  resumeMetaTrain,
  runFiles,
  runFineTune,
  runMetaTrain,
} from '../medetection/index.ts';
import { readJsonLines } from '../store/index.ts';
import {
  type Cell,
  cellFiles,
  type FineTuneCell,
  type FineTuneResult,
  hashOf,
  type MetaTrainCell,
  type MetaTrainResult,
  makeFolders,
  type Result,
  readCell,
  readResult,
  writeResult,
} from './cell.ts';
import { localiseCell } from './localise-cell.ts';
import { withLock } from './lock.ts';

export interface RunCellHooks {
  readonly metaTrain?: MetaTrainRunHooks;
  readonly fineTune?: FineTuneRunHooks;
  /** Is told who works on the same cell, whose end is waited for. */
  readonly onWait?: (holder: string) => void;
  readonly signal?: AbortSignal;
}

/** What a finished cell measured; without what all results have. */
export type Measured<R extends Result> = Pick<
  R,
  Exclude<keyof R, keyof FineTuneResult & keyof MetaTrainResult>
>;

/**
 * Computes a cell, from where it was left if it was begun, and writes its result; one that is finished is only read.
 * @throws Interrupted when it was stopped and saved; naming the cell that must be finished first; as the training.
 */
export async function runCell(folder: string, id: string, hooks: RunCellHooks = {}): Promise<Result> {
  await makeFolders(folder);
  const cell = await readCell(folder, id);
  const before = await readResult(folder, cell);
  if (before !== undefined) return before;
  for (const need of cell.needs) {
    const needed = await readCell(folder, need.id);
    if (hashOf(needed) !== need.hash)
      throw new Error(
        `experiment: cell ${id} needs ${need.id} of another configuration than ${cellFiles.cell(folder, need.id)} has: let the experiment write its cells again`,
      );
    if ((await readResult(folder, needed)) === undefined)
      throw new Error(`experiment: cell ${id} needs ${need.id}, which is not finished: run that one first`);
  }
  return withLock(
    cellFiles.lock(folder, id),
    async () => (await readResult(folder, cell)) ?? compute(folder, cell, hooks),
    hooks,
  );
}

async function compute(folder: string, cell: Cell, hooks: RunCellHooks): Promise<Result> {
  const begun = performance.now();
  const run = cellFiles.run(folder, cell.id);
  const resumed = existsSync(join(run, runFiles.state));
  // A run that was killed before its first save has nothing in it to go on from.
  if (!resumed) await rm(run, { recursive: true, force: true });
  const measured = await measure(folder, run, cell, resumed, hooks);
  const result = {
    version: 1,
    kind: cell.kind,
    cell,
    hash: hashOf(cell),
    ...(await environmentOfRun()),
    finished: new Date().toISOString(),
    seconds: (performance.now() - begun) / 1000,
    resumed,
    ...measured,
  } as Result;
  await writeResult(folder, result);
  return result;
}

function measure(
  folder: string,
  run: string,
  cell: Cell,
  resumed: boolean,
  { signal, metaTrain, fineTune }: RunCellHooks,
): Promise<Measured<Result>> {
  switch (cell.kind) {
    case 'meta-train':
      return metaTrainCell(run, cell, resumed, { signal, ...metaTrain });
    case 'fine-tune':
      return fineTuneCell(folder, run, cell, resumed, { signal, ...fineTune });
    case 'localise':
      return localiseCell(folder, run, cell, { signal, warn: fineTune?.warn });
  }
}

async function metaTrainCell(
  run: string,
  { data, target, seed, model, maxPerClass, options, leaveOutDataset, checkpointEvery }: MetaTrainCell,
  resumed: boolean,
  hooks: MetaTrainRunHooks,
): Promise<Measured<MetaTrainResult>> {
  const common = { folder: run, data, checkpointEvery };
  const asked = {
    target,
    seed,
    model,
    maxPerClass,
    options,
    leaveOut: [],
    leaveOutDataset,
    skipBroken: false,
  };
  const trained = resumed
    ? await resumeMetaTrain(common, hooks)
    : await runMetaTrain({ ...common, ...asked }, hooks);
  if (trained.iteration < options.iterations)
    throw new Interrupted(
      `stopped after step ${trained.iteration} of ${options.iterations}; saved in ${run}, the same command goes on`,
    );
  const { records } = await readJsonLines(join(run, runFiles.metrics));
  return {
    tasks: trained.config.tasks.map(({ name, images }) => ({ name, images })),
    losses: records.map(({ queryLoss }) => queryLoss as number),
  };
}

async function fineTuneCell(
  folder: string,
  run: string,
  { data, target, seed, model, maxPerClass, options, init }: FineTuneCell,
  resumed: boolean,
  hooks: FineTuneRunHooks,
): Promise<Measured<FineTuneResult>> {
  let parts: FineTuneResult['parts'] | undefined;
  const listening: FineTuneRunHooks = {
    ...hooks,
    onStart: (config, counts, done) => {
      parts = counts;
      hooks.onStart?.(config, counts, done);
    },
  };
  const from = init === 'random' ? init : cellFiles.run(folder, init);
  const asked = { target, seed, model, maxPerClass, options, skipBroken: false, allowSeen: false };
  const tuned = resumed
    ? await resumeFineTune({ folder: run, data }, listening)
    : await runFineTune({ folder: run, data, init: from, ...asked }, listening);
  if (tuned.stopped === 'signal')
    throw new Interrupted(
      `stopped after epoch ${tuned.epochs.length - 1} of ${options.epochs}; saved in ${run}, the same command goes on`,
    );
  return { epochs: tuned.epochs, parts: parts! };
}
