import type { Command } from 'commander';
import { digestSide, discoverTasks, type Task } from '../data/index.ts';
import { contradictions, duplicatesOf, joinImages, loadTasks } from '../medetection/index.ts';
import { addCommon, type CommonOptions, outputOf } from './common.ts';
import { exitCode } from './errors.ts';
import { type Output, table } from './output.ts';
import { loadingUi } from './training.ts';

interface Options extends CommonOptions {
  readonly duplicates?: boolean;
}

export function addTasks(program: Command): void {
  const command = program
    .command('tasks')
    .description('list the inspection tasks found in a folder, with their problems; needs no adapter')
    .argument('<dir>', 'one task, or a folder of tasks')
    .option('--duplicates', 'open all pictures, and list those that are there more than once');
  addCommon(command).action(async (dir: string, options: Options) => {
    const output = outputOf(options);
    const passedOver: string[] = [];
    const tasks = await discoverTasks(dir, { onProblem: (problem) => passedOver.push(problem) });
    const described = tasks.map(({ name, root, layout, samples, problems }) => ({
      name,
      root,
      layout,
      normal: samples.filter(({ label }) => label === 0).length,
      defective: samples.filter(({ label }) => label === 1).length,
      kinds: countKinds(samples),
      masks: samples.filter(({ mask }) => mask !== undefined).length,
      problems,
    }));
    const duplicates = options.duplicates ? await findAll(tasks, output) : undefined;
    output.record({ tasks: described, problems: passedOver, ...(duplicates && { duplicates }) });
    const rows = described.map((t) => [
      t.name,
      t.layout,
      ...[t.normal, t.defective, t.masks, t.problems.length].map(String),
    ]);
    output.print(table([['task', 'layout', 'normal', 'defective', 'masks', 'problems'], ...rows]));
    const problems = [
      ...described.flatMap(({ name, problems: own }) => own.map((problem) => `${name}: ${problem}`)),
      ...passedOver,
    ];
    if (problems.length > 0) output.print(`\nproblems\n${problems.map((p) => `  ${p}`).join('\n')}`);
    if (duplicates) printDuplicates(duplicates, output);
    if (!described.some(({ normal, defective }) => normal > 0 && defective > 0)) {
      output.warn(`${dir}: nothing here can be learned from: no task has both normal and defective pictures`);
      process.exitCode = exitCode.failure;
    }
  });
}

interface Found {
  /** Groups of pictures with equal pixels, by `task/id`. */
  readonly copies: readonly (readonly string[])[];
  /** Pairs that are likely one picture, encoded, scaled or lit a little otherwise. */
  readonly near: readonly (readonly string[])[];
  /** The groups of copies that are called normal as well as defective. */
  readonly contradictions: readonly (readonly string[])[];
  /** Files that cannot be read, and so were not compared. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/** Compares all pictures of all tasks with each other. */
async function findAll(tasks: readonly Task[], output: Output): Promise<Found> {
  const named = tasks.map((task) => ({
    ...task,
    samples: task.samples.map((sample) => ({ ...sample, id: `${task.name}/${sample.id}` })),
  }));
  const ui = loadingUi(output);
  const loaded = await loadTasks(
    named.filter(({ samples }) => samples.length > 0),
    { size: digestSide, skipBroken: true },
    ui,
  ).finally(ui.finish);
  if (loaded.length === 0) return { copies: [], near: [], contradictions: [], skipped: [] };
  const all = loaded.reduce(joinImages);
  const found = duplicatesOf(all);
  const ids = (groups: readonly (readonly { id: string }[])[]) =>
    groups.map((group) => group.map(({ id }) => id));
  return {
    copies: ids(found.copies),
    near: ids(found.near),
    contradictions: ids(contradictions(found)),
    skipped: all.skipped,
  };
}

function printDuplicates({ copies, near, contradictions: wrong, skipped }: Found, output: Output): void {
  const print = (title: string, groups: readonly (readonly string[])[]) => {
    output.print(`\n${groups.length} ${title}`);
    for (const group of groups) output.print(`  ${group.join('  ')}`);
  };
  print('pictures that are there more than once, with equal pixels', copies);
  print('pairs of pictures that are likely one, encoded, scaled or lit otherwise', near);
  if (wrong.length > 0) print('pictures that are called normal as well as defective', wrong);
  if (skipped.length > 0) output.print(`\n${skipped.length} files cannot be read and were not compared`);
}

/** How many samples there are of each kind of defect. */
function countKinds(samples: readonly { kind: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of samples) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
