import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../store/index.ts';
import type { Cell } from './cell.ts';

/** A word for a shell, whatever is in it. */
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Cells in stages: those of a stage need only cells of stages before it, or none of the list. */
export function stagesOf(cells: readonly Cell[]): Cell[][] {
  const depth = new Map<string, number>();
  for (const { id, needs } of cells)
    depth.set(id, Math.max(0, ...needs.map((need) => (depth.get(need.id) ?? -1) + 1)));
  const stages: Cell[][] = [];
  for (const cell of cells) {
    const at = depth.get(cell.id) as number;
    stages[at] ??= [];
    stages[at].push(cell);
  }
  return stages;
}

/**
 * The job of every array: runs the cell whose ID is the line of its number. A minute before its time is up it gets SIGTERM, upon
 * which it saves; sent again, or requeued, it goes on.
 */
const jobScript = (folder: string, working: string, command: readonly string[]): string =>
  [
    '#!/bin/bash',
    '#SBATCH --job-name=medetection',
    `#SBATCH --output="${join(folder, 'logs', 'slurm-%A_%a.log')}"`,
    '#SBATCH --signal=B:TERM@60',
    '#SBATCH --requeue',
    '# usage: job.sh LIST, as an array: the task of number N runs the cell of line N + 1',
    'set -euo pipefail',
    'cell=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" "$1")',
    `cd ${quoted(working)}`,
    `exec ${command.map(quoted).join(' ')} "$cell"`,
    '',
  ].join('\n');

/**
 * Submits an array per stage, each after the one before: `afterany`, since a cell that failed must not hold back those that do not
 * need it; one that does says so and ends.
 */
const submitScript = (
  folder: string,
  lists: readonly { readonly file: string; readonly count: number }[],
): string =>
  [
    '#!/bin/bash',
    '# usage: submit.sh [options of sbatch, such as --partition=gpu --gres=gpu:1 --time=2:00:00]',
    'set -euo pipefail',
    `folder=${quoted(folder)}`,
    // Written so that bash before 4.4 takes an empty array too.
    'after=()',
    ...lists.flatMap(({ file, count }) => [
      `id=$(sbatch --parsable --array=0-${count - 1} \${after[@]+"\${after[@]}"} "$@" "$folder/job.sh" "$folder/${file}")`,
      `id=\${id%%;*}`,
      `echo "${count} cells of ${file}: job $id"`,
      'after=(--dependency=afterany:"$id")',
    ]),
    '',
  ].join('\n');

/**
 * Writes what submits cells to a cluster, into the experiment's folder. Returns the path of the script to run.
 * @param command the program and arguments that run a cell, whose ID comes last.
 * @param working the folder that the program is run in.
 */
export async function writeSlurm(
  folder: string,
  experiment: string,
  cells: readonly Cell[],
  command: readonly string[],
  working: string,
): Promise<string> {
  const own = join(folder, experiment, 'slurm');
  await mkdir(own, { recursive: true });
  const lists: { file: string; count: number }[] = [];
  for (const [i, stage] of stagesOf(cells).entries()) {
    const file = `stage-${i + 1}.txt`;
    await writeFileAtomic(join(own, file), stage.map(({ id }) => `${id}\n`).join(''));
    lists.push({ file, count: stage.length });
  }
  await writeFileAtomic(join(own, 'job.sh'), jobScript(folder, working, command));
  const submit = join(own, 'submit.sh');
  await writeFileAtomic(submit, submitScript(own, lists));
  return submit;
}
