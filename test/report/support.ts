import { cpSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateTask, proceduralTasks, writeTask } from '../../src/data/index.ts';
import { defaultFineTune, defaultMetaTrain, runFineTune, runMetaTrain } from '../../src/medetection/index.ts';
import { small } from '../medetection/support.ts';

/** Names that are HTML, as names of folders and files may be. */
export const hostile = {
  target: '<b>steel & "co"',
  kind: "<script>document.title='owned'",
  file: '<img src=x onerror="document.title=1">.png',
};

/** Inspection tasks of 32 px under `folder`: three in class folders, and one in MVTec's layout whose names are HTML. */
export async function drawHostileData(folder: string): Promise<string> {
  const chosen = proceduralTasks.filter(({ family }) => family === 'stain').slice(0, 4);
  for (const [i, task] of chosen.entries()) {
    const drawn = generateTask({ ...task, size: 32, normal: 14, defective: 14, seed: i });
    await writeTask(folder, drawn, i === 0 ? 'mvtec' : 'classes');
  }
  const target = join(folder, hostile.target);
  renameSync(join(folder, chosen[0].name), target);
  for (const part of ['test', 'ground_truth']) {
    renameSync(join(target, part, 'stain'), join(target, part, hostile.kind));
    mkdirSync(join(target, part, 'dent'));
    for (const name of readdirSync(join(target, part, hostile.kind)).slice(0, 6))
      renameSync(join(target, part, hostile.kind, name), join(target, part, 'dent', name));
  }
  renameSync(join(target, 'train', 'good', '000.png'), join(target, 'train', 'good', hostile.file));
  cpSync(join(target, 'test', 'good', '000.png'), join(target, 'test', 'good', hostile.file));
  writeFileSync(join(target, 'train', 'good', 'broken.png'), 'not a picture');
  return folder;
}

export interface Runs {
  readonly data: string;
  /** Folders of a meta-training and of the fine-tuning that began from it. */
  readonly meta: string;
  readonly tuned: string;
}

/** Draws data and makes two small runs with them under `folder`. */
export async function makeRuns(folder: string): Promise<Runs> {
  const data = await drawHostileData(join(folder, 'data'));
  const runs = { data, meta: join(folder, 'meta'), tuned: join(folder, 'tuned') };
  const common = {
    data,
    target: hostile.target,
    model: small,
    seed: 3,
    skipBroken: true,
    duplicates: 'warn',
  } as const;
  await runMetaTrain({
    ...common,
    folder: runs.meta,
    leaveOut: [],
    options: { ...defaultMetaTrain, iterations: 3, tasksPerStep: 2, support: 4, query: 4 },
    checkpointEvery: 10,
  });
  await runFineTune({
    ...common,
    folder: runs.tuned,
    init: runs.meta,
    options: { ...defaultFineTune, epochs: 2, batch: 4, rate: 1e-3 },
    allowSeen: false,
  });
  return runs;
}
