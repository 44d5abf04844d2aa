import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** The file in a folder of tasks that says which of them belong together. */
export const datasetsFile = 'datasets.json';

/** The data set of each task, by the tasks' names. */
export type Datasets = ReadonlyMap<string, string>;

/** Of some tasks, those that are of the same data set as another one. */
export const siblingsOf = (task: string, tasks: readonly string[], datasets: Datasets): string[] => {
  const dataset = datasets.get(task);
  return dataset === undefined
    ? []
    : tasks.filter((other) => other !== task && datasets.get(other) === dataset);
};

/**
 * Reads which data set each task of a folder belongs to, from the object in its `datasets.json`:
 * `{ "solar_cell_mono": "elpv", "solar_cell_poly": "elpv" }`. A task that is not named is a data set of its own.
 * @returns undefined when there is no such file.
 * @throws Error naming the file when it cannot be read or is no such object.
 */
export async function readDatasets(dir: string): Promise<Datasets | undefined> {
  const path = join(resolve(dir), datasetsFile);
  const fail = (problem: string): never => {
    throw new Error(
      `readDatasets: ${path}: ${problem}; expected an object of task and data set, such as {"solar_cell_mono": "elpv"}`,
    );
  };
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? undefined : fail(message);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fail(`not JSON (${(error as Error).message})`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail('not an object');
  for (const [task, dataset] of Object.entries(value))
    if (typeof dataset !== 'string' || dataset === '')
      fail(`the data set of task "${task}" is ${JSON.stringify(dataset)}, which is no name`);
  return new Map(Object.entries(value as Record<string, string>));
}
