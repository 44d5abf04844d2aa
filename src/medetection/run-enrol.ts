import { realpath } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { findPictures, type Label, type Sample, serialiseSplit, splitOf, type Task } from '../data/index.ts';
import type { Decision } from '../metrics/index.ts';
import { Random } from '../random.ts';
import { picked, type TaskImages } from './batch.ts';
import { checkFineTuneOptions } from './check-options.ts';
import { dealFolds, type EnrolHooks, enrol, fewest } from './enrol.ts';
import type { FineTuneOptions } from './fine-tune.ts';
import {
  checkNewFolder,
  createRun,
  environmentOfRun,
  type FineTuneConfig,
  hashImages,
  readConfig,
} from './run.ts';
import { contradictions, duplicatesOf, someLines } from './run-duplicates.ts';
import { seenTasks } from './run-fine-tune.ts';
import { saveJudgement } from './run-judgement.ts';
import { checkUnseen, learnedPictures, loadLearned, saveLearned } from './run-learned.ts';
import { type LoadHooks, loadTasks } from './run-tasks.ts';
import { loadParams, saveReferences, saveWeights } from './run-tensors.ts';
import { type Counts, saveTrust, type Trust, trustIn } from './trust.ts';
import { Tuner } from './tuning.ts';

export interface EnrolRequest {
  /** The folder of the new run. */
  readonly folder: string;
  /** The product's name. */
  readonly product: string;
  /** Folders of defect-free photographs, and of defective ones if there are any. */
  readonly good: string;
  readonly bad?: string;
  /** The run whose weights are the start. */
  readonly from: string;
  /** `epochs` is the most that cross-validation may choose; `patience` has no say. */
  readonly options: FineTuneOptions;
  readonly seed: number;
  readonly skipBroken: boolean;
  /** Whether the initial weights may have learned from the product. */
  readonly allowSeen: boolean;
}

export interface EnrolRunHooks extends EnrolHooks, LoadHooks {
  /** Called when the photographs are loaded. */
  readonly onStart?: (counts: Counts, folds: number) => void;
}

export interface EnrolRun {
  readonly folder: string;
  readonly config: FineTuneConfig;
  readonly trust: Trust;
  readonly decision: Decision;
  /** Photographs that were left out since they cannot be read. */
  readonly skipped: TaskImages['skipped'];
}

/**
 * Adapts a run to a new product from a handful of photographs, into a new run folder that `RunDetector.open` takes: all of them
 * are learned from, so there is no test part, and what is known of the detector comes from cross-validation.
 * @returns undefined when stopped; nothing is then saved.
 * @throws when there are too few photographs, some are in both folders, or the weights do not fit or have learned from them; and as
 * `enrol`.
 */
export async function runEnrol(
  request: EnrolRequest,
  hooks: EnrolRunHooks = {},
): Promise<EnrolRun | undefined> {
  const { product, seed, skipBroken, allowSeen } = request;
  const asked = checkFineTuneOptions(request.options);
  const folder = resolve(request.folder);
  const from = resolve(request.from);
  await checkNewFolder(folder);
  const before = await readConfig(from);
  const { model } = before;
  const params = await loadParams(from, model);
  const learned = await loadLearned(from);
  const seen = seenTasks(before);

  const { task, skipped } = await loadPhotographs(request, model.size, hooks);
  const labels = Array.from(task.labels);
  const counts: Counts = {
    good: labels.filter((label) => label === 0).length,
    bad: labels.filter((label) => label === 1).length,
  };
  checkCounts(counts);
  if (!allowSeen) {
    const known = seen.find(({ name }) => name === product);
    const judged = { task, indices: [...labels.keys()], called: 'photographs' };
    checkUnseen('enroll', from, known, learned, judged, hooks.warn);
  }

  const random = new Random(seed).fork('enrol');
  const folds = dealFolds(labels, random);
  const options = fitted(asked, labels, folds);
  const data = { good: resolve(request.good), ...(request.bad && { bad: resolve(request.bad) }) };
  const split = splitOf(task.samples, []);
  const config: FineTuneConfig = {
    version: 1,
    kind: 'fine-tune',
    target: product,
    data: data.good,
    enrolled: data,
    model,
    options,
    seed,
    skipBroken,
    init: from,
    splitHash: split.hash,
    testHash: hashImages(task, []),
    imagesHash: hashImages(task),
    seen,
    allowSeen,
    duplicates: 'separate',
    ...(await environmentOfRun()),
  };
  hooks.onStart?.(counts, folds.length);
  const enrolled = await enrol(new Tuner(model, options), task, params, random, hooks);
  if (enrolled === undefined) return undefined;
  const { detector, references, validation } = enrolled;
  const trust = trustIn(validation, labels, random);

  await createRun(folder, config, serialiseSplit(split, product, { seed, trainFraction: 1 }));
  await saveWeights(folder, model, detector.params, detector.statistics);
  await saveReferences(folder, task, references);
  await saveLearned(folder, learnedPictures([{ name: product, images: task }], learned));
  const parts = { train: [], validation: [...labels.keys()], test: [] };
  const scores = { validation: validation.scores, test: new Float32Array() };
  const decision = await saveJudgement(folder, task, parts, scores, options.decide);
  await saveTrust(folder, trust);
  return { folder, config, trust, decision, skipped };
}

/** @throws when cross-validation could not leave enough. */
function checkCounts({ good, bad }: Counts): void {
  if (good < fewest.good)
    throw new Error(
      `enroll: there ${good === 1 ? 'is 1 good photograph' : `are ${good} good photographs`} that can be used; give at least ${fewest.good}: one is left out, and two are compared with each other`,
    );
  if (bad > 0 && bad < fewest.bad)
    throw new Error(
      `enroll: there is 1 bad photograph that can be used, which cannot be both learned from and left out to check by; give at least ${fewest.bad}, or none`,
    );
}

/** The options with no more references and pairs in a step than every fold leaves. */
function fitted(
  options: FineTuneOptions,
  labels: readonly number[],
  folds: readonly (readonly number[])[],
): FineTuneOptions {
  const left = (fold: readonly number[]) => [...labels.keys()].filter((i) => !fold.includes(i));
  const normals = folds.map((fold) => left(fold).filter((i) => labels[i] === 0).length);
  return {
    ...options,
    references: Math.min(options.references, ...normals),
    batch: Math.min(options.batch, ...folds.map((fold) => left(fold).length)),
  };
}

/** Loads the photographs of both folders, each once. */
async function loadPhotographs(
  { product, good, bad, skipBroken }: EnrolRequest,
  size: number,
  hooks: LoadHooks,
): Promise<{ task: TaskImages; skipped: TaskImages['skipped'] }> {
  const samples = [...(await samplesOf(good, 0, hooks)), ...(bad ? await samplesOf(bad, 1, hooks) : [])];
  const files = new Map<string, Sample>();
  for (const sample of samples) {
    const file = await realpath(sample.path).catch(() => sample.path);
    const other = files.get(file);
    if (other !== undefined && other.label !== sample.label)
      throw new Error(
        `enroll: ${sample.path} is in the folder of good photographs and in that of bad ones: give two folders that share none`,
      );
    files.set(file, sample);
  }
  const task: Task = { name: product, root: resolve(good), layout: 'classes', samples, problems: [] };
  const [loaded] = await loadTasks([task], { size, skipBroken }, hooks);
  return { task: distinct(loaded, hooks.warn), skipped: loaded.skipped };
}

async function samplesOf(folder: string, label: Label, { warn }: LoadHooks): Promise<Sample[]> {
  const root = resolve(folder);
  const { paths, others } = await findPictures([root]);
  if (others > 0)
    warn?.(
      `${root}: ${others} ${others === 1 ? 'file is' : 'files are'} no PNG, JPEG, BMP or TIFF and left out`,
    );
  const kind = label === 0 ? 'good' : 'defect';
  const side = label === 0 ? 'good' : 'bad';
  return paths.map((path) => ({
    id: `${side}/${relative(root, path).replaceAll(sep, '/')}`,
    path,
    label,
    kind,
  }));
}

/**
 * Photographs without the copies of others: left out in turn, they would be known by heart. Near duplicates are warned of.
 * @throws when one is good as well as bad.
 */
function distinct(task: TaskImages, warn: LoadHooks['warn']): TaskImages {
  const duplicates = duplicatesOf(task);
  const both = contradictions(duplicates);
  const names = (group: readonly Sample[]) => group.map(({ id }) => id).join(' = ');
  if (both.length > 0)
    throw new Error(
      `enroll: ${both.length === 1 ? 'a photograph is' : `${both.length} photographs are`} good and bad at once, with equal pixels:\n${someLines(both.map(names))}\nremove the wrong one`,
    );
  if (duplicates.near.length > 0)
    warn?.(
      `nearly alike, so that each may be judged by the other and the result look better than it is:\n${someLines(duplicates.near.map(names))}`,
    );
  const again = new Set(duplicates.copies.flatMap((group) => group.slice(1)));
  if (again.size === 0) return task;
  warn?.(`copies count once:\n${someLines(duplicates.copies.map(names))}`);
  return picked(
    task,
    [...task.samples.keys()].filter((i) => !again.has(task.samples[i])),
  );
}
