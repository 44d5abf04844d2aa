import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  type Cell,
  type Collection,
  cellFiles,
  cellsOfRequest,
  collect,
  type Experiment,
  estimate,
  experiments,
  makeRequest,
  type Printed,
  readPrinted,
  readRequest,
  runCell,
  runCells,
  type ScaleName,
  scaleNames,
  withNeeds,
  writeCells,
  writeCollection,
  writeRequest,
  writeSlurm,
} from '../experiments/index.ts';
import { addCommon, type CommonOptions, outputOf, withDevice } from './common.ts';
import { exitCode, UsageError } from './errors.ts';
import { cellEnded, printCollection } from './experiment-output.ts';
import { integer, integers, oneOf } from './flags.ts';
import { onInterrupt } from './interrupt.ts';
import { commandLine, shortPath, thisProgram } from './invocation.ts';
import type { Output } from './output.ts';
import { duration } from './progress.ts';
import { fineTuneUi, metaTrainUi } from './training.ts';

interface Options extends CommonOptions {
  readonly data: string;
  readonly out: string;
  readonly scale: ScaleName;
  readonly set: string[];
  readonly targets?: string[];
  readonly seeds: readonly number[];
  readonly leaveOutDataset: boolean;
  readonly cells?: string;
  readonly jobs: number;
  readonly slurm: boolean;
  readonly printed?: string;
}

const OUT = 'runs/experiments';
const printedHelp =
  "JSON of the paper's printed figures, to stand beside (its form: src/experiments/printed.ts)";

/** `experiment NAME`: the paper's tables and figures, measured again cell by cell. */
export function addExperiment(program: Command): void {
  const command = program
    .command('experiment')
    .description("measure the paper's tables and figures again, cell by cell, here or on a cluster");
  for (const experiment of experiments) addOne(command, experiment);
  addRun(command);
  addShow(command);
}

const words = (text: string): string[] => text.split(',');

function addOne(parent: Command, experiment: Experiment): void {
  const command = parent
    .command(experiment.name)
    .description(experiment.title)
    .requiredOption('--data <dir>', 'folder of tasks')
    .option('--out <dir>', 'folder of cells, shared by all experiments that are given it', OUT)
    .option('--scale <name>', `${scaleNames.join(', ')}: sizes and schedules`, oneOf(scaleNames), 'small')
    .option('--set <name=value...>', 'change single settings of the scale, as metaTrain.iterations=300', [])
    .option(
      '--targets <list>',
      'tasks to leave out in turn (default: all with 20 pictures of each class)',
      words,
    )
    .option('--seeds <list>', 'every cell is computed from each of these', integers(0), [0])
    .option(
      '--leave-out-dataset',
      "meta-train on no task of the target's data set, as datasets.json in the folder of tasks has it",
      false,
    )
    .option('--cells <text>', 'run only cells whose name contains this, and those they need')
    .option('--jobs <n>', 'cells at once', integer(1), 1)
    .option('--slurm', 'run nothing; write a job array for a cluster, and say how to submit it', false)
    .option('--printed <file>', printedHelp);
  addCommon(command).action(async (options: Options) => {
    const output = outputOf(options);
    const printed = options.printed === undefined ? undefined : await readPrinted(options.printed);
    const folder = resolve(options.out);
    const request = await makeRequest(experiment.name, { ...options, changes: options.set }, output.warn);
    const cells = cellsOfRequest(experiment, request);
    await writeCells(folder, cells);
    await writeRequest(folder, request);
    const todo = unfinished(folder, wanted(cells, options.cells));
    output.print(`${experiment.name}: ${cells.length} cells in ${shortPath(folder)}, ${todo.length} to run`);
    const run = [...thisProgram(), 'experiment', 'run', ...adapterArgument(options), folder];
    if (options.slurm) {
      const script = await writeSlurm(folder, experiment.name, todo, run, process.cwd());
      const show = commandLine('experiment', 'show', shortPath(folder), experiment.name);
      output.record({ event: 'slurm', script, cells: todo.map(({ id }) => id), show });
      output.print(`to submit: bash ${shortPath(script)} [options of sbatch]`);
      output.print(`to collect: ${show}`);
      return;
    }
    await runHere(folder, todo, options, run, output);
    const collection = await collect(folder, experiment, request, printed);
    await tell(folder, collection, output);
  });
}

const adapterArgument = ({ adapter }: CommonOptions): string[] =>
  adapter === undefined ? [] : ['--adapter', adapter];

/** The cells whose names contain a text, with all that they need. */
function wanted(cells: readonly Cell[], text: string | undefined): readonly Cell[] {
  if (text === undefined) return cells;
  const named = cells.filter(({ id }) => id.includes(text));
  if (named.length === 0)
    throw new UsageError(
      `experiment: no cell's name contains "${text}"; there are ${cells.map(({ id }) => id).join(', ')}`,
    );
  return withNeeds(cells, named);
}

const unfinished = (folder: string, cells: readonly Cell[]): Cell[] =>
  cells.filter(({ id }) => !existsSync(cellFiles.result(folder, id)));

/** Runs cells in processes of their own, and tells how they ended. Sets the exit code. */
async function runHere(
  folder: string,
  cells: readonly Cell[],
  { jobs }: Options,
  run: readonly string[],
  output: Output,
): Promise<void> {
  if (cells.length === 0) return;
  const seconds = await estimate(folder, cells, jobs);
  output.print(
    seconds === undefined
      ? 'how long it takes is said when a cell of each kind is finished'
      : `by the finished cells, about ${duration(seconds)} in all`,
  );
  const interrupt = onInterrupt();
  let ended = 0;
  try {
    const outcomes = await runCells(folder, cells, jobs, ({ id }) => [...run, id], {
      signal: interrupt.signal,
      onBegin: ({ id }) => output.record({ event: 'begin', cell: id, log: cellFiles.log(folder, id) }),
      onEnd: (cell, outcome) => {
        if (outcome.state !== 'stopped')
          output.print(`[${++ended}/${cells.length}] ${cellEnded(cell, outcome)}`);
        output.record({ event: 'cell', cell: cell.id, ...outcome });
        if (outcome.state === 'done') tellTimeLeft(folder, unfinished(folder, cells), jobs, output);
      },
    });
    const failed = cells.filter(({ id }) => ['failed', 'blocked'].includes(outcomes.get(id)?.state ?? ''));
    if (failed.length > 0) {
      output.print(`\n${failed.length} of ${cells.length} cells failed; the same command tries them again:`);
      for (const cell of failed) output.print(`  ${cellEnded(cell, outcomes.get(cell.id)!)}`);
      process.exitCode = exitCode.failure;
    }
    if (interrupt.signal.aborted) {
      const next = commandLine(...process.argv.slice(2));
      output.record({ event: 'interrupted', next });
      output.print(`\nstopped; what the cells had done is saved. To go on: ${next}`);
      process.exitCode = exitCode.interrupted;
    }
  } finally {
    interrupt.dispose();
  }
}

/** Says how long the rest will take, when that is known. */
function tellTimeLeft(folder: string, rest: readonly Cell[], jobs: number, output: Output): void {
  if (rest.length === 0) return;
  estimate(folder, rest, jobs).then(
    (seconds) => {
      if (seconds !== undefined) output.print(`  about ${duration(seconds)} left for ${rest.length} cells`);
    },
    (error: Error) => output.warn(error.message),
  );
}

/** Writes what there is, and prints it. */
async function tell(folder: string, collection: Collection, output: Output): Promise<void> {
  const files = await writeCollection(folder, collection, output.warn);
  const { experiment } = collection.request;
  output.print();
  printCollection(collection, output);
  output.print(
    `\n${files.length} files (${files[0]}, ${files[1]} ...) are in ${shortPath(resolve(folder, experiment))}`,
  );
  const { tables, missing } = collection;
  output.record({ event: 'collected', experiment, folder, missing, tables, files });
}

function addRun(parent: Command): void {
  const command = parent
    .command('run')
    .description('compute one cell, from where it was left: what experiments and job arrays start')
    .argument('<dir>', 'folder of cells')
    .argument('<cell>', 'name of the cell');
  addCommon(command).action(async (dir: string, id: string, options: CommonOptions) => {
    const output = outputOf(options);
    await withDevice(options, output, async (signal) => {
      const [metaTrain, fineTune] = [metaTrainUi(output, signal), fineTuneUi(output, signal)];
      const onWait = (holder: string) => output.print(`${holder} computes cell ${id}; waiting for its end`);
      try {
        const result = await runCell(resolve(dir), id, { metaTrain, fineTune, onWait, signal });
        output.record({ event: 'done', cell: id, result: cellFiles.result(resolve(dir), id) });
        output.print(`${id}: finished ${result.finished}`);
      } finally {
        metaTrain.finish();
        fineTune.finish();
      }
    });
  });
}

function addShow(parent: Command): void {
  const names = experiments.map(({ name }) => name);
  const command = parent
    .command('show')
    .description('make the tables again from the cells that are finished, and print them')
    .argument('<dir>', 'folder of cells')
    .argument('[experiment]', `${names.join(', ')} (default: all that were asked for there)`)
    .option('--printed <file>', printedHelp);
  addCommon(command).action(async (dir: string, name: string | undefined, options: Options) => {
    const output = outputOf(options);
    if (name !== undefined && !names.includes(name))
      throw new UsageError(`experiment: there is no "${name}"; there are ${names.join(', ')}`);
    const printed: Printed | undefined =
      options.printed === undefined ? undefined : await readPrinted(options.printed);
    let shown = 0;
    for (const experiment of experiments) {
      if (name !== undefined && experiment.name !== name) continue;
      const request = await readRequest(resolve(dir), experiment.name);
      if (request === undefined) continue;
      if (shown++ > 0) output.print();
      await tell(resolve(dir), await collect(resolve(dir), experiment, request, printed), output);
    }
    if (shown === 0)
      throw new Error(
        `experiment: ${dir}: ${name ?? 'nothing'} was ${name === undefined ? '' : 'not '}asked for in this folder; give the --out of an experiment`,
      );
  });
}
