import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { defaultDevice } from '../device/index.ts';
import { type JsonLinesWriter, openJsonLines, readJsonLines, writeFileAtomic } from '../store/index.ts';
import { imageOf, type TaskImages } from './batch.ts';
import { checkFineTuneOptions, checkMetaTrainOptions } from './check-options.ts';
import { checkModel, type ModelConfig } from './config.ts';
import type { FineTuneOptions } from './fine-tune.ts';
import type { MetaTrainOptions } from './meta-options.ts';
import { type DuplicatePolicy, duplicatePolicies } from './run-duplicates.ts';

/**
 * A run is a folder: what a command learned, how, and everything it takes to go on from there. Every file but the log is
 * replaced whole, so that a crash at any moment leaves the last good one.
 */
export const runFiles = {
  /** What was asked for: {@link RunConfig}. */
  config: 'config.json',
  /** One line per meta-step or epoch. */
  metrics: 'metrics.jsonl',
  /** Parameters by dotted path; of a fine-tuned run, of its best epoch, with the statistics of its normalisations. */
  weights: 'weights.safetensors',
  /** Where training stands: parameters, Adam's moments, what was done; of a fine-tuning, its best epoch's detector too. */
  state: 'state.safetensors',
  /** The pictures that a fine-tuned run compares with, as bytes. */
  references: 'references.safetensors',
  /** The pictures that the weights have learned from, by their fingerprints. */
  learned: 'learned.json',
  /** Of an enrolled run, how far it can be trusted. */
  enrolment: 'enrolment.json',
  /** Which pictures of the target are for training and which for the test. */
  split: 'split.json',
  /** What the best epoch's detector gave for every picture of the validation and test parts. */
  scores: 'scores.json',
  /** From which score on a picture is called defective. */
  decision: 'decision.json',
} as const;

interface CommonConfig {
  /** Of this format. */
  readonly version: 1;
  /** The inspection task that is left out of meta-training, or fine-tuned on. */
  readonly target: string;
  /** Absolute path of the folder of tasks. */
  readonly data: string;
  readonly model: ModelConfig;
  readonly seed: number;
  readonly skipBroken: boolean;
  /** At most so many pictures of each class of a task are used (default: all). */
  readonly maxPerClass?: number;
  readonly duplicates: DuplicatePolicy;
  /** The hash of `split.json`. */
  readonly splitHash: string;
  readonly adapter: string;
  readonly versions: Readonly<Record<string, string>>;
}

export interface MetaTrainConfig extends CommonConfig {
  readonly kind: 'meta-train';
  readonly options: MetaTrainOptions;
  /** The preset that its settings come from, which a fine-tuning of it begins with too: a name, or the path of a file. */
  readonly preset?: string;
  /** The tasks learned from, in order: their folders' names, and what their pictures were. */
  readonly tasks: readonly { readonly name: string; readonly images: number; readonly hash: string }[];
  /** Tasks left out besides the target. */
  readonly leaveOut: readonly string[];
  /** The data set of which every task was left out, if one was. */
  readonly leaveOutDataset?: string;
}

export interface FineTuneConfig extends CommonConfig {
  readonly kind: 'fine-tune';
  /** Of a run that was enrolled, the folders of its photographs, all of which it learned from: it has no test part. */
  readonly enrolled?: { readonly good: string; readonly bad?: string };
  readonly options: FineTuneOptions;
  /** `random`, or the absolute path of the run whose weights were the start. */
  readonly init: string;
  /** What the pictures of the test part were: {@link hashImages}. */
  readonly testHash: string;
  /** What all pictures were. */
  readonly imagesHash: string;
  /** The tasks that the initial weights had learned from, through all the runs before. */
  readonly seen: readonly SeenTask[];
  /** Whether it was allowed that the target is one of them: its figures then are not those of a new product. */
  readonly allowSeen: boolean;
}

/** A task that was learned from: its folder's name, and what its pictures were. */
export interface SeenTask {
  readonly name: string;
  readonly hash: string;
}

export type RunConfig = MetaTrainConfig | FineTuneConfig;

/** SHA-256 (hex) of pictures as the network sees them, with their labels and order. */
export function hashImages(
  task: TaskImages,
  indices: readonly number[] = Array.from(task.labels, (_, i) => i),
): string {
  const hash = createHash('sha256').update(`${task.size}`);
  for (const i of indices) hash.update(`/${task.labels[i]}/`).update(imageOf(task, i));
  return hash.digest('hex');
}

/** The adapter that computes, and the versions of what runs. */
export async function environmentOfRun(): Promise<Pick<RunConfig, 'adapter' | 'versions'>> {
  const { description, device, vendor } = (await defaultDevice()).adapterInfo;
  const { node, deno } = process.versions;
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return {
    adapter: description || device || vendor,
    versions: { medetection: version, ...(deno ? { deno } : { node }) },
  };
}

/**
 * Refuses a folder for a new run that has something in it.
 * @throws naming the folder.
 */
export async function checkNewFolder(folder: string): Promise<void> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') throw new Error(`run: ${folder}: a file of that name is in the way`);
    throw error;
  });
  if (files.length > 0)
    throw new Error(
      `run: ${folder}: the folder is not empty (${files[0]} is in it): give another --out, or go on with the run in it by --resume`,
    );
}

/** Makes the folder of a new run with its configuration and split. */
export async function createRun(folder: string, config: RunConfig, split: string): Promise<void> {
  await checkNewFolder(folder);
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(join(folder, runFiles.split), split);
  await writeConfig(folder, config);
}

export const writeConfig = (folder: string, config: RunConfig): Promise<void> =>
  writeFileAtomic(join(folder, runFiles.config), `${JSON.stringify(config, null, 1)}\n`);

/**
 * Reads a file of a run.
 * @throws naming the file and what its absence means.
 */
export async function readRunFile(folder: string, file: string, absent: string): Promise<Uint8Array> {
  const path = join(folder, file);
  try {
    return await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`run: ${path}: ${code === 'ENOENT' ? absent : message}`, { cause: error });
  }
}

/**
 * Reads the configuration of a run.
 * @throws naming the file and what is wrong when the folder is no run of this kind.
 */
export async function readConfig(folder: string): Promise<RunConfig>;
export async function readConfig<K extends RunConfig['kind']>(
  folder: string,
  kind: K,
): Promise<Extract<RunConfig, { kind: K }>>;
export async function readConfig(folder: string, kind?: RunConfig['kind']): Promise<RunConfig> {
  const path = resolve(folder, runFiles.config);
  const fail = (problem: string): never => {
    throw new Error(`run: ${path}: ${problem}`);
  };
  const absent =
    'there is no such file: this is not the folder of a run; give one that meta-train or fine-tune wrote';
  const text = new TextDecoder().decode(await readRunFile(resolve(folder), runFiles.config, absent));
  let config: RunConfig;
  try {
    config = JSON.parse(text);
  } catch (error) {
    return fail(`not JSON (${(error as Error).message}): the file is damaged; restore it or train again`);
  }
  if (config?.version !== 1)
    fail(`expected version 1 of a run's configuration, found ${JSON.stringify(config?.version)}`);
  if (!['meta-train', 'fine-tune'].includes(config.kind))
    fail(`kind ${JSON.stringify(config.kind)} is neither meta-train nor fine-tune`);
  const { target, data, seed, options, model } = config;
  if (typeof target !== 'string' || typeof data !== 'string' || typeof seed !== 'number')
    fail('target, data or seed is missing or of the wrong type');
  const seen = config.kind === 'meta-train' ? config.tasks : config.seen;
  if (!Array.isArray(seen) || seen.some((task) => typeof task?.name !== 'string'))
    fail(`the list of tasks learned from (${config.kind === 'meta-train' ? 'tasks' : 'seen'}) is missing`);
  if (typeof options !== 'object' || options === null || typeof model !== 'object' || model === null)
    fail('options or model is missing');
  if (!duplicatePolicies.includes(config.duplicates))
    fail(`duplicates ${JSON.stringify(config.duplicates)} is none of ${duplicatePolicies.join(', ')}`);
  try {
    checkModel(model);
    if (config.kind === 'meta-train') checkMetaTrainOptions(config.options);
    else checkFineTuneOptions(config.options);
  } catch (error) {
    fail((error as Error).message);
  }
  if (kind === 'fine-tune' && config.kind !== kind)
    fail(
      'this run was meta-trained and is no detector yet: fine-tune it first (fine-tune --init RUN); to go on with it: meta-train --resume RUN',
    );
  if (kind === 'meta-train' && config.kind !== kind)
    fail('this run was fine-tuned, not meta-trained; to go on with it: fine-tune --resume RUN');
  return config;
}

/**
 * Opens the log of a run.
 * @param keep of a resumed run, the step or epoch it goes on from: what the log has after it is cut off.
 */
export async function openMetrics(folder: string, keep?: number): Promise<JsonLinesWriter> {
  const path = join(folder, runFiles.metrics);
  if (keep !== undefined && existsSync(path)) {
    const { records } = await readJsonLines(path);
    const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '');
    const kept = lines.filter((_, i) => ((records[i]?.iteration ?? records[i]?.epoch) as number) <= keep);
    await writeFileAtomic(path, kept.map((line) => `${line}\n`).join(''));
  }
  return openJsonLines(path);
}
