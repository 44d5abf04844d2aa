import { resolve } from 'node:path';
import {
  type Copies,
  chooseShots,
  type Sample,
  type Split,
  serialiseSplit,
  splitTask,
  splitValidation,
  type Task,
} from '../data/index.ts';
import { Random } from '../random.ts';
import type { TaskImages } from './batch.ts';
import { checkFineTuneOptions } from './check-options.ts';
import { checkModel, type ModelConfig } from './config.ts';
import {
  type Epoch,
  type FineTuned,
  type FineTuneOptions,
  type FineTuneState,
  fineTune,
  type Parts,
} from './fine-tune.ts';
import { initModel, type ModelParams } from './network.ts';
import {
  checkNewFolder,
  createRun,
  environmentOfRun,
  type FineTuneConfig,
  hashImages,
  openMetrics,
  type RunConfig,
  readConfig,
  type SeenTask,
  writeConfig,
} from './run.ts';
import { copiesById, type DuplicatePolicy, duplicatesOf, guardParts } from './run-duplicates.ts';
import { saveJudgement } from './run-judgement.ts';
import { checkUnseen, learnedElsewhere, learnedPictures, loadLearned, saveLearned } from './run-learned.ts';
import { loadFineTuneState, saveFineTuneState } from './run-state.ts';
import { attempting, findTarget, type LoadHooks, loadTasks } from './run-tasks.ts';
import { loadParams, saveReferences, saveWeights } from './run-tensors.ts';
import { isStateDict, readStateDict } from './state-dict.ts';

/** The part of the training pictures that decides when to stop. */
const VALIDATION = 0.2;

export interface FineTuneRequest {
  /** The folder of the new run. */
  readonly folder: string;
  readonly data: string;
  readonly target: string;
  /** `random`, the folder of the run whose weights are the start, or a state dict of the published network (`.safetensors`). */
  readonly init: string;
  readonly model: ModelConfig;
  readonly options: FineTuneOptions;
  readonly seed: number;
  readonly skipBroken: boolean;
  /** At most so many pictures of each class are used, for training and test alike (default: all). */
  readonly maxPerClass?: number;
  /** Whether the initial weights may have learned from the target. */
  readonly allowSeen: boolean;
  /** What becomes of pictures that are in two parts of the split (default: `separate`). */
  readonly duplicates?: DuplicatePolicy;
}

export interface FineTuneRunHooks extends LoadHooks {
  /** Called when the pictures are loaded: how many are in each part, and the epochs done if it is resumed. */
  readonly onStart?: (
    config: FineTuneConfig,
    parts: { readonly train: number; readonly validation: number; readonly test: number },
    done: number | undefined,
  ) => void;
  readonly onStep?: (done: number, total: number, trainLoss: number) => void;
  readonly onEpoch?: (epoch: Epoch) => void;
}

export interface FineTuneRun extends FineTuned {
  readonly folder: string;
  readonly config: FineTuneConfig;
  /** Pictures that were left out since they cannot be read. */
  readonly skipped: TaskImages['skipped'];
}

/** Where samples are among the loaded pictures; those that could not be read are passed over. */
export const indicesOf = (task: TaskImages, samples: readonly Sample[]): number[] => {
  const places = new Map(task.samples.map(({ id }, i) => [id, i]));
  return samples.flatMap(({ id }) => places.get(id) ?? []);
};

/**
 * Fine-tunes on the training part of a task into a new run folder. After every epoch the best one so far, and where
 * training stands, are saved; what cannot be written then is a warning, but the last save must succeed.
 * @throws when the initial weights do not fit or have learned from the target, and what `discoverTasks`, `loadTasks`,
 * `fineTune` and the run folder throw.
 */
export async function runFineTune(
  request: FineTuneRequest,
  hooks: FineTuneRunHooks = {},
): Promise<FineTuneRun> {
  const { data, target: name, seed, skipBroken, maxPerClass, allowSeen, duplicates = 'separate' } = request;
  const options = checkFineTuneOptions(request.options);
  const folder = resolve(request.folder);
  const init = request.init === 'random' ? request.init : resolve(request.init);
  const model = checkModel(request.model);
  await checkNewFolder(folder);
  const isRun = init !== 'random' && !isStateDict(init);
  const before = isRun ? await readConfig(init) : undefined;
  const params =
    init === 'random'
      ? initModel(model, new Random(seed).fork('init'))
      : isRun
        ? await loadParams(init, model)
        : (await readStateDict(init, model)).params;
  const { target } = await findTarget(data, name, undefined, request);
  const learned = isRun ? await loadLearned(init) : init === 'random' ? undefined : learnedElsewhere;
  const [task] = await loadTasks([target], { size: model.size, skipBroken }, hooks);
  const { split, parts } = splitImages(target, task, { seed, duplicates, options }, hooks.warn);
  const seen = before === undefined ? [] : seenTasks(before);
  const known = knownTarget(before, seen, name, split.hash);
  if (!allowSeen) {
    const judged = { task, indices: parts.test, called: 'pictures of the test part' };
    checkUnseen('fine-tune', init, known, learned, judged, hooks.warn);
  }
  const config: FineTuneConfig = {
    version: 1,
    kind: 'fine-tune',
    target: name,
    data: resolve(data),
    model,
    options,
    seed,
    skipBroken,
    maxPerClass,
    init,
    splitHash: split.hash,
    testHash: hashImages(task, parts.test),
    imagesHash: hashImages(task),
    seen,
    allowSeen,
    duplicates,
    ...(await environmentOfRun()),
  };
  await createRun(folder, config, serialiseSplit(split, name, { seed }));
  const indices = [...parts.train, ...parts.validation];
  await saveLearned(folder, learnedPictures([{ name, images: task, indices }], learned));
  return tune(folder, config, task, parts, params, hooks);
}

export interface ResumeFineTuneRequest {
  /** The folder of the run to go on with. */
  readonly folder: string;
  /** Where the data are now, if they moved. */
  readonly data?: string;
  /** Most epochs, if not as many as were asked for at first. */
  readonly epochs?: number;
}

/**
 * Goes on with a fine-tuning from its last whole epoch, as if it had never stopped.
 * @throws when the folder is no such run, its files are damaged, or the pictures are not those it learned from.
 */
export async function resumeFineTune(
  request: ResumeFineTuneRequest,
  hooks: FineTuneRunHooks = {},
): Promise<FineTuneRun> {
  const folder = resolve(request.folder);
  const before = await readConfig(folder, 'fine-tune');
  const config: FineTuneConfig = {
    ...before,
    data: request.data === undefined ? before.data : resolve(request.data),
    options: { ...before.options, epochs: request.epochs ?? before.options.epochs },
    ...(await environmentOfRun()),
  };
  const state = await loadFineTuneState(folder, config.model);
  const { task, parts } = await tunedTask(folder, config, hooks);
  await writeConfig(folder, config);
  return tune(folder, config, task, parts, state, hooks);
}

/**
 * Loads the pictures of a fine-tuning's target, and where those of each part are among them.
 * @param folder the run's, for errors.
 * @throws when they are not those that it was begun with.
 */
export async function tunedTask(
  folder: string,
  config: FineTuneConfig,
  hooks: LoadHooks = {},
): Promise<{ readonly task: TaskImages; readonly parts: Parts }> {
  const { target } = await findTarget(config.data, config.target, undefined, config);
  const { model, skipBroken } = config;
  const [task] = await loadTasks([target], { size: model.size, skipBroken }, hooks);
  const { split, parts } = splitImages(target, task, config);
  if (split.hash !== config.splitHash || hashImages(task) !== config.imagesHash)
    throw new Error(
      `run: ${target.root}: the pictures are not those that ${folder} learned from, so it cannot go on as if it had never stopped: restore them, or fine-tune anew`,
    );
  return { task, parts };
}

/** The tasks that a run's weights have learned from. */
export const seenTasks = (config: RunConfig): readonly SeenTask[] =>
  config.kind === 'meta-train'
    ? config.tasks.map(({ name, hash }) => ({ name, hash }))
    : [...config.seen, { name: config.target, hash: config.imagesHash }];

/** The seen task of the target's name, unless all that was seen of it is the training part of the same split. */
function knownTarget(
  before: RunConfig | undefined,
  seen: readonly SeenTask[],
  name: string,
  splitHash: string,
): SeenTask | undefined {
  const again = before?.kind === 'fine-tune' && before.target === name && before.splitHash === splitHash;
  return (again ? seen.slice(0, -1) : seen).find((task) => task.name === name);
}

/**
 * Splits a task, its copies as the policy says, and tells of duplicates that are in two parts.
 * @throws when a part is empty, or there are duplicates and the policy is to refuse.
 */
function splitImages(
  target: Task,
  task: TaskImages,
  { seed, duplicates: policy, options }: Pick<FineTuneConfig, 'seed' | 'duplicates' | 'options'>,
  warn?: LoadHooks['warn'],
): { split: Split; parts: Parts } {
  const duplicates = duplicatesOf(task);
  const copies = policy === 'separate' ? copiesById(duplicates) : undefined;
  const split = splitTask(target, { seed, copies });
  const parts = partsOf(task, target, split, seed, options.shots, copies);
  guardParts(target.name, task, parts, duplicates, policy, warn);
  return { split, parts };
}

/** Where the pictures of each part are. The pictures to stop by are among the shots: more labels are not looked at. */
function partsOf(
  task: TaskImages,
  target: Task,
  split: Split,
  seed: number,
  shots: number | undefined,
  copies?: Copies,
): Parts {
  const labelled = shots === undefined ? split.train : chooseShots(split.train, shots, seed);
  const { train, validation } = splitValidation(labelled, VALIDATION, seed, copies);
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
  return parts;
}

async function tune(
  folder: string,
  config: FineTuneConfig,
  task: TaskImages,
  parts: Parts,
  start: ModelParams | FineTuneState,
  { warn, signal, onStart, onStep, onEpoch }: FineTuneRunHooks,
): Promise<FineTuneRun> {
  const { model, options, seed } = config;
  const done = 'epochs' in start ? start.epochs.length - 1 : undefined;
  onStart?.(
    config,
    { train: parts.train.length, validation: parts.validation.length, test: parts.test.length },
    done,
  );
  const attempt = attempting(warn);
  const metrics = await openMetrics(folder, done);
  const saveBest = async ({ best, bestScores }: FineTuneState) => {
    await saveWeights(folder, model, best.params, best.statistics);
    await saveJudgement(folder, task, parts, bestScores, options.decide);
  };
  try {
    const tuned = await fineTune(task, parts, model, options, start, new Random(seed).fork('fine-tune'), {
      signal,
      onStep,
      onEpoch: async (epoch, state, references) => {
        if (epoch.epoch === 0) await saveReferences(folder, task, references);
        await attempt(`epoch ${epoch.epoch} in the log`, () => metrics.append({ ...epoch }));
        await attempt(`the state of epoch ${epoch.epoch}`, async () => {
          if (epoch.best) await saveBest(state);
          await saveFineTuneState(folder, state);
        });
        onEpoch?.(epoch);
      },
    });
    await saveBest(tuned.state);
    await saveFineTuneState(folder, tuned.state);
    return { ...tuned, folder, config, skipped: task.skipped };
  } finally {
    await metrics.close();
  }
}
