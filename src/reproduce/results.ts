import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseRecord, stringifyRecord, writeFileAtomic } from '../store/index.ts';
import type { Evaluation, StudyOutline, StudySettings, Tested } from './study.ts';

/** How training went: the mean loss of equal parts of it. */
export interface TrainingCurve {
  /** The last meta-step of each part. */
  readonly iterations: readonly number[];
  readonly losses: readonly number[];
}

/** One method from one seed, trained and measured. */
export interface RunResult {
  readonly method: string;
  readonly seed: number;
  /** Seconds of training. */
  readonly seconds: number;
  readonly adapter: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly curve: TrainingCurve;
  /** What was measured in the course of training, if the study does. */
  readonly tests: readonly Tested[];
  readonly evaluation: Evaluation;
}

/** What a study was asked for, and the runs that are done. */
export interface Results<S extends StudySettings> {
  /** Of this format. */
  readonly version: 1;
  readonly kind: 'reproduce';
  readonly study: string;
  readonly settings: S;
  readonly methods: readonly string[];
  readonly seeds: readonly number[];
  readonly runs: readonly RunResult[];
}

export const resultsFile = 'results.json';

/** Whether all runs that were asked for are done. */
export const isComplete = ({ methods, seeds, runs }: Results<StudySettings>): boolean =>
  runs.length === methods.length * seeds.length;

/** Points of a training curve. */
const POINTS = 200;

/** The mean loss of each of (at most) 200 equal parts of a training. */
export function trainingCurve(losses: readonly number[]): TrainingCurve {
  const parts = Math.min(POINTS, losses.length);
  const ends = Array.from({ length: parts }, (_, i) => Math.round(((i + 1) * losses.length) / parts));
  const means = ends.map((end, i) => {
    const part = losses.slice(ends[i - 1] ?? 0, end);
    return part.reduce((a, b) => a + b) / part.length;
  });
  return { iterations: ends, losses: means };
}

/**
 * Refuses methods and seeds that name nothing, or a run twice.
 * @throws naming what is wrong and what there is.
 */
export function checkRuns<S extends StudySettings>(
  study: StudyOutline<S>,
  methods: readonly string[],
  seeds: readonly number[],
): void {
  const unknown = methods.find((method) => !study.methods.includes(method));
  if (unknown !== undefined)
    throw new Error(`${study.name}: there is no method "${unknown}"; there are ${study.methods.join(', ')}`);
  const wrong = seeds.find((seed) => !Number.isSafeInteger(seed) || seed < 0);
  if (wrong !== undefined) throw new Error(`${study.name}: seed ${wrong} must be an integer from 0`);
  for (const list of [methods, seeds])
    if (list.length === 0 || new Set<unknown>(list).size < list.length)
      throw new Error(
        `${study.name}: needs methods and seeds, each once; got methods ${methods.join(', ') || 'none'} and seeds ${seeds.join(', ') || 'none'}`,
      );
}

export const writeResults = (folder: string, results: Results<StudySettings>): Promise<void> =>
  writeFileAtomic(join(folder, resultsFile), `${stringifyRecord({ ...results }, 1)}\n`);

/**
 * Reads the results of a study, finished or not.
 * @throws naming the file and what is wrong when the folder is not one of this study, or damaged.
 */
export async function readResults<S extends StudySettings>(
  study: StudyOutline<S>,
  folder: string,
): Promise<Results<S>> {
  const path = join(folder, resultsFile);
  const fail = (problem: string): never => {
    throw new Error(`reproduce: ${path}: ${problem}`);
  };
  const text = await readFile(path, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') return fail(error.message);
    const files = await readdir(folder).catch(() => undefined);
    return fail(
      files === undefined
        ? 'there is no such folder: leave out --resume to begin a new study'
        : 'there is no such file: this is not the folder of a study; give one that `reproduce` wrote',
    );
  });
  const record =
    parseRecord(text) ?? fail('not a JSON object: the file is damaged; restore it or begin anew');
  const results = record as unknown as Results<S>;
  if (results.kind !== 'reproduce') fail(`kind is ${JSON.stringify(results.kind)}, expected "reproduce"`);
  if (results.version !== 1) fail(`version is ${JSON.stringify(results.version)}, expected 1`);
  if (results.study !== study.name)
    fail(`these are results of the study ${JSON.stringify(results.study)}, not of "${study.name}"`);
  const { methods, seeds, runs, settings } = results;
  if (![methods, seeds, runs].every(Array.isArray) || typeof settings !== 'object' || settings === null)
    fail('methods, seeds, runs or settings are missing or of the wrong type');
  try {
    checkRuns(study, methods, seeds);
    study.check(settings);
  } catch (error) {
    fail((error as Error).message);
  }
  const names = runs.map((run) => `${run?.method} ${run?.seed}`);
  for (const [i, run] of runs.entries()) {
    if (!methods.includes(run?.method) || !seeds.includes(run.seed) || names.indexOf(names[i]) !== i)
      fail(`run ${i} (${names[i]}) was not asked for, or is there twice`);
    if (!Array.isArray(run.evaluation?.steps) || !Array.isArray(run.curve?.losses))
      fail(`run ${i} (${names[i]}) has no evaluation or no curve`);
  }
  return results;
}
