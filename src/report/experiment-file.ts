import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Collection, experiments } from '../experiments/index.ts';
import { parseRecord } from '../store/index.ts';

/** The file that makes a folder that of an experiment. */
export const experimentFile = 'results.json';

/** What `experiment` writes there: what was found, without what draws it. */
export type ExperimentRecord = Omit<Collection, 'plots' | 'pictures'>;

/** The folders of experiments: the folder itself if it is one, or those in it that share their cells. */
export const experimentsIn = (folder: string): string[] =>
  [folder, ...experiments.map(({ name }) => join(folder, name))]
    .filter((path) => existsSync(join(path, experimentFile)))
    .filter((path, _, all) => path === folder || !all.includes(folder));

/**
 * Reads an experiment.
 * @throws naming the file and what is wrong with it.
 */
export async function readExperiment(folder: string): Promise<ExperimentRecord> {
  const path = join(folder, experimentFile);
  const fail = (problem: string): never => {
    throw new Error(`report: ${path}: ${problem}`);
  };
  const text = await readFile(path, 'utf8').catch((error: Error) => fail(error.message));
  const record =
    parseRecord(text) ?? fail('not a JSON object: the file is damaged; run the experiment again');
  if (record.kind !== 'experiment')
    fail(
      `kind is ${JSON.stringify(record.kind)}, expected "experiment"; give the folder of an experiment, or of a run`,
    );
  if (record.version !== 1) fail(`expected version 1, found ${JSON.stringify(record.version)}`);
  for (const name of ['notes', 'tables', 'results', 'missing'])
    if (!Array.isArray(record[name]))
      fail(`${name} is no list: the file is damaged; run the experiment again`);
  return record as unknown as ExperimentRecord;
}
