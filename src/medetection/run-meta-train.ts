import { resolve } from 'node:path';
import {
  datasetsFile,
  readDatasets,
  sampleEpisode,
  serialiseSplit,
  siblingsOf,
  splitTask,
  type Task,
} from '../data/index.ts';
import type { Plan } from '../device/plan.ts';
import { Random } from '../random.ts';
import type { TaskImages } from './batch.ts';
import { checkMetaTrainOptions } from './check-options.ts';
import { checkModel, type ModelConfig } from './config.ts';
import { startOf } from './meta-objective.ts';
import type { MetaTrainOptions } from './meta-options.ts';
import { initMetaState, type MetaState, type MetaStep, metaTrain } from './meta-train.ts';
import { initModel } from './network.ts';
import {
  checkNewFolder,
  createRun,
  environmentOfRun,
  hashImages,
  type MetaTrainConfig,
  openMetrics,
  readConfig,
  writeConfig,
} from './run.ts';
import { type DuplicatePolicy, withoutTarget } from './run-duplicates.ts';
import { learnedPictures, saveLearned } from './run-learned.ts';
import { loadState, saveState } from './run-state.ts';
import { attempting, findTarget, type LoadHooks, loadTasks, taskNamed } from './run-tasks.ts';
import { saveWeights } from './run-tensors.ts';

export interface MetaTrainRequest {
  /** The folder of the new run. */
  readonly folder: string;
  readonly data: string;
  /** The task that is not learned from. */
  readonly target: string;
  /** More tasks that are not learned from. */
  readonly leaveOut: readonly string[];
  /** Whether no task of the target's data set is learned from: see `readDatasets`. */
  readonly leaveOutDataset?: boolean;
  /** What becomes of the target's pictures in learned tasks (default: `separate`). */
  readonly duplicates?: DuplicatePolicy;
  readonly model: ModelConfig;
  readonly options: MetaTrainOptions;
  /** The preset that these come from, for a fine-tuning to begin with. */
  readonly preset?: string;
  readonly seed: number;
  readonly skipBroken: boolean;
  /** At most so many pictures of each class of a task are learned from (default: all). */
  readonly maxPerClass?: number;
  /** Steps between two saves of the state. */
  readonly checkpointEvery: number;
}

export interface ResumeRequest {
  /** The folder of the run to go on with. */
  readonly folder: string;
  /** Where the data are now, if they moved. */
  readonly data?: string;
  /** Meta-steps in all, if not as many as were asked for at first. */
  readonly iterations?: number;
  readonly checkpointEvery: number;
}

/** What a meta-step measured, by the names of its tasks. */
export interface NamedMetaStep {
  readonly iteration: number;
  readonly queryLoss: number;
  readonly tasks: readonly { readonly task: string; readonly queryLoss: number }[];
}

export interface MetaTrainRunHooks extends LoadHooks {
  /** Called before the first step with the plan of a meta-step, or of a micro-batch of it. */
  readonly onPlan?: (plan: Plan) => void;
  /** Called when the pictures are loaded, before the first step. */
  readonly onStart?: (config: MetaTrainConfig, iteration: number) => void;
  readonly onStep?: (step: NamedMetaStep) => void;
}

export interface MetaTrainRun {
  readonly folder: string;
  readonly config: MetaTrainConfig;
  /** Meta-steps done. Fewer than the configuration's when the run was stopped. */
  readonly iteration: number;
  /** Pictures that were left out since they cannot be read. */
  readonly skipped: TaskImages['skipped'];
}

/** Why a task is too small to draw an episode from, or undefined if it is not. */
function tooSmall(labels: ArrayLike<number>, { support, query }: MetaTrainOptions): string | undefined {
  try {
    sampleEpisode(labels, { support, query, random: new Random(0) });
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) throw error; // The numbers themselves are wrong, whatever the task.
    return (error as Error).message.replace(/^sampleEpisode: /, '');
  }
}

/**
 * Meta-trains on all tasks of a folder but the target, into a new run folder: its state is saved before the first step,
 * every `checkpointEvery` steps, and at the end or when stopped. A checkpoint that cannot be written is a warning; the last
 * save must succeed.
 * @throws what `discoverTasks`, `loadTasks`, `metaTrain` and the run folder throw.
 */
export async function runMetaTrain(
  request: MetaTrainRequest,
  hooks: MetaTrainRunHooks = {},
): Promise<MetaTrainRun> {
  const { data, target: name, preset, seed, skipBroken, maxPerClass, duplicates = 'separate' } = request;
  const options = checkMetaTrainOptions(request.options);
  const folder = resolve(request.folder);
  const model = checkModel(request.model);
  await checkNewFolder(folder);
  const { tasks, target, whole } = await findTarget(data, name, hooks.warn, request);
  for (const left of request.leaveOut) taskNamed(tasks, left, data);
  const dataset = request.leaveOutDataset ? await datasetOf(data, name, tasks, hooks.warn) : undefined;
  const leaveOut = [...new Set([...request.leaveOut, ...(dataset?.others ?? [])])];
  const candidates = tasks.filter((task) => task !== target && !leaveOut.includes(task.name));
  const learned = await loadLearnable(candidates, whole, { model, options, skipBroken, duplicates }, hooks);
  const split = splitTask(target, { seed });
  const config: MetaTrainConfig = {
    version: 1,
    kind: 'meta-train',
    target: name,
    data: resolve(data),
    model,
    options,
    preset,
    seed,
    skipBroken,
    maxPerClass,
    tasks: learned.map(({ task, images }) => ({
      name: task.name,
      images: images.labels.length,
      hash: hashImages(images),
    })),
    leaveOut,
    ...(dataset && { leaveOutDataset: dataset.name }),
    duplicates,
    splitHash: split.hash,
    ...(await environmentOfRun()),
  };
  const start = initMetaState(initModel(model, new Random(seed).fork('init')), options);
  await createRun(folder, config, serialiseSplit(split, name, { seed }));
  await saveLearned(
    folder,
    learnedPictures(learned.map(({ task, images }) => ({ name: task.name, images }))),
  );
  await saveState(folder, start);
  const images = learned.map((l) => l.images);
  return train(folder, config, images, start, request.checkpointEvery, hooks);
}

/**
 * The target's data set and the other tasks of it. A target that the file does not name is a data set of its own, which is warned of.
 * @throws when no file says which task belongs to which.
 */
async function datasetOf(
  data: string,
  target: string,
  tasks: readonly Task[],
  warn: LoadHooks['warn'],
): Promise<{ name: string; others: string[] }> {
  const datasets = await readDatasets(data);
  if (datasets === undefined)
    throw new Error(
      `meta-train: ${resolve(data, datasetsFile)}: there is no such file, so that its data set cannot be left out: write one such as {"${target}": "a data set"}, with every task of that data set`,
    );
  for (const other of datasets.keys())
    if (!tasks.some((task) => task.name === other))
      warn?.(`${resolve(data, datasetsFile)}: it names "${other}", which is no task of the folder`);
  const name = datasets.get(target);
  if (name === undefined)
    warn?.(
      `${resolve(data, datasetsFile)}: it does not name ${target}, which is taken for a data set of its own: all other tasks may be learned from`,
    );
  const names = tasks.map((task) => task.name);
  return { name: name ?? target, others: siblingsOf(target, names, datasets) };
}

/**
 * Loads the tasks that are large enough for an episode, without the target's own pictures; those that are not are named in
 * warnings.
 * @param target with all its pictures, whether or not they will be used.
 */
async function loadLearnable(
  tasks: readonly Task[],
  target: Task,
  {
    model,
    options,
    skipBroken,
    duplicates,
  }: Pick<MetaTrainConfig, 'model' | 'options' | 'skipBroken' | 'duplicates'>,
  hooks: LoadHooks,
): Promise<{ task: Task; images: TaskImages }[]> {
  const fits = (task: Task, labels: ArrayLike<number>): boolean => {
    const reason = tooSmall(labels, options);
    if (reason !== undefined) hooks.warn?.(`task ${task.name} is left out: ${reason}`);
    return reason === undefined;
  };
  const enough = (count: number) => {
    if (count < options.tasksPerStep)
      throw new Error(
        `meta-train: a step draws ${options.tasksPerStep} tasks, but ${count} can be learned from: add tasks, or draw fewer with --tasks-per-step`,
      );
  };
  const chosen = tasks.filter((task) =>
    fits(
      task,
      task.samples.map(({ label }) => label),
    ),
  );
  enough(chosen.length);
  const loaded = await loadApart(chosen, target, { model, skipBroken, duplicates }, hooks);
  const learned = chosen
    .map((task, i) => ({ task, images: loaded[i] }))
    // Pictures that were left out may have made it too small.
    .filter(({ task, images }) => images.labels.length === task.samples.length || fits(task, images.labels));
  enough(learned.length);
  return learned;
}

/** Loads tasks to learn from, without the target's own pictures. */
async function loadApart(
  tasks: readonly Task[],
  target: Task,
  { model, skipBroken, duplicates }: Pick<MetaTrainConfig, 'model' | 'skipBroken' | 'duplicates'>,
  hooks: LoadHooks,
): Promise<TaskImages[]> {
  const [own, ...loaded] = await loadTasks([target, ...tasks], { size: model.size, skipBroken }, hooks);
  const named = tasks.map(({ name }, i) => ({ name, images: loaded[i] }));
  return withoutTarget(named, { name: target.name, images: own }, duplicates, hooks.warn);
}

/**
 * Goes on with a meta-training from its last saved state, as if it had never stopped.
 * @throws when the folder is no such run, its files are damaged, or the pictures are not those it learned from.
 */
export async function resumeMetaTrain(
  request: ResumeRequest,
  hooks: MetaTrainRunHooks = {},
): Promise<MetaTrainRun> {
  const folder = resolve(request.folder);
  const before = await readConfig(folder, 'meta-train');
  const config: MetaTrainConfig = {
    ...before,
    data: request.data === undefined ? before.data : resolve(request.data),
    options: { ...before.options, iterations: request.iterations ?? before.options.iterations },
    ...(await environmentOfRun()),
  };
  const state = await loadState(folder, config.model, config.options);
  const images = await learnedTasks(folder, config, hooks);
  await writeConfig(folder, config);
  return train(folder, config, images, state, request.checkpointEvery, hooks);
}

/**
 * Loads the pictures that a meta-training learns from, task by task in its order.
 * @param folder the run's, for errors.
 * @throws when they are not those that it was begun with.
 */
export async function learnedTasks(
  folder: string,
  config: MetaTrainConfig,
  hooks: LoadHooks = {},
): Promise<TaskImages[]> {
  const { tasks, whole } = await findTarget(config.data, config.target, hooks.warn, config);
  const named = config.tasks.map(({ name }) => taskNamed(tasks, name, config.data));
  const images = await loadApart(named, whole, config, hooks);
  for (const [i, { name, hash }] of config.tasks.entries()) {
    if (hashImages(images[i]) !== hash)
      throw new Error(
        `run: ${named[i].root}: the pictures of task ${name} are not those that ${folder} learned from, so it cannot go on as if it had never stopped: restore them, or train anew`,
      );
  }
  return images;
}

async function train(
  folder: string,
  config: MetaTrainConfig,
  images: readonly TaskImages[],
  start: MetaState,
  checkpointEvery: number,
  { warn, signal, onStart, onPlan, onStep }: MetaTrainRunHooks,
): Promise<MetaTrainRun> {
  const named = ({ iteration, queryLoss, tasks }: MetaStep): NamedMetaStep => ({
    iteration,
    queryLoss,
    tasks: tasks.map(({ task, queryLoss: loss }) => ({ task: config.tasks[task].name, queryLoss: loss })),
  });
  const attempt = attempting(warn);
  onStart?.(config, start.iteration);
  const metrics = await openMetrics(folder, start.iteration);
  try {
    const state = await metaTrain(
      images,
      config.model,
      config.options,
      start,
      new Random(config.seed).fork('meta-train'),
      {
        signal,
        onPlan,
        nameOf: (task) => config.tasks[task].name,
        onStep: async (step, reached) => {
          const record = named(step);
          await attempt(`step ${step.iteration} in the log`, () => metrics.append({ ...record }));
          onStep?.(record);
          if (step.iteration % checkpointEvery === 0 && step.iteration < config.options.iterations)
            await attempt(`the checkpoint of step ${step.iteration}`, () => saveState(folder, reached));
        },
      },
    );
    await saveState(folder, state);
    await saveWeights(folder, config.model, startOf(state, config.options));
    return { folder, config, iteration: state.iteration, skipped: images.flatMap((task) => task.skipped) };
  } finally {
    await metrics.close();
  }
}
