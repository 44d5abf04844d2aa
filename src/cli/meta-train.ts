import type { Command } from 'commander';
import {
  type DuplicatePolicy,
  type MetaTrainRun,
  resumeMetaTrain,
  runMetaTrain,
  withAlgorithm,
} from '../medetection/index.ts';
import { addCommon, type CommonOptions, newRunFolder, outputOf, withDevice } from './common.ts';
import { exitCode, UsageError } from './errors.ts';
import { addFlags, givenFlags, integer } from './flags.ts';
import { commandLine, shortPath } from './invocation.ts';
import type { Output } from './output.ts';
import { addPreset, presetName, typedPreset } from './preset.ts';
import { checkResumeOptions, typed } from './resume.ts';
import { listSkipped, metaTrainUi } from './training.ts';
import { duplicatesFlag, metaTrainFlags, modelFlags } from './training-flags.ts';

interface Options extends CommonOptions {
  readonly data?: string;
  readonly target?: string;
  readonly leaveOut: string[];
  readonly maxPerClass?: number;
  readonly leaveOutDataset: boolean;
  readonly duplicates: DuplicatePolicy;
  readonly seed: number;
  readonly out?: string;
  readonly resume?: string;
  readonly skipBroken: boolean;
  readonly checkpointEvery: number;
}

/** What may be given along with --resume; the rest is the run's own. */
const WITH_RESUME = ['resume', 'data', 'iterations', 'checkpointEvery', 'adapter', 'json'];

export function addMetaTrain(program: Command): void {
  const command = program
    .command('meta-train')
    .description(
      'learn from all tasks but one how to adapt to a new one (second-order MAML, or another member of its family by --algorithm)',
    )
    .option('--data <dir>', 'folder of tasks')
    .option('--target <task>', 'the task that is left out, to be fine-tuned later')
    .option('--leave-out <task...>', 'more tasks that are not learned from', [])
    .option(
      '--leave-out-dataset',
      "learn from no task of the target's data set, as datasets.json in the folder of tasks has it",
      false,
    )
    .addOption(
      duplicatesFlag(
        "the target's own pictures in other tasks: separate (copies are not learned from, near duplicates are warned of), warn, refuse",
      ),
    )
    .option('--seed <n>', 'decides initial weights, split and draws', integer(0), 0)
    .option('--out <run>', 'folder of the new run (default: runs/meta-train-<target>-<n>)')
    .option('--resume <run>', 'go on with a run as if it had never stopped')
    .option('--skip-broken', 'leave out pictures that cannot be read, and list them', false)
    .option('--max-per-class <n>', 'use at most so many pictures of each class of a task', integer(2))
    .option('--checkpoint-every <n>', 'steps between two saves of the state', integer(1), 20);
  addPreset(command);
  addFlags(command, metaTrainFlags);
  addFlags(command, modelFlags);
  addCommon(command).action(async (options: Options) => {
    const output = outputOf(options);
    const start = options.resume === undefined ? begin(command, options) : resume(command, options);
    await withDevice(options, output, async (signal) => {
      const ui = metaTrainUi(output, signal);
      let run: MetaTrainRun;
      try {
        run = await start(ui);
      } finally {
        ui.finish();
      }
      reportMetaTrain(run, output);
      if (run.iteration < run.config.options.iterations) process.exitCode = exitCode.interrupted;
    });
  });
}

type Start = (hooks: Parameters<typeof runMetaTrain>[1]) => Promise<MetaTrainRun>;

function begin(command: Command, options: Options): Start {
  const {
    data,
    target,
    leaveOut,
    leaveOutDataset,
    maxPerClass,
    duplicates,
    seed,
    skipBroken,
    checkpointEvery,
  } = options;
  if (data === undefined || target === undefined)
    throw new UsageError(
      'meta-train: give --data DIR and --target TASK (the task to leave out; `tasks DIR` lists what there is), or --resume RUN',
    );
  const preset = typedPreset(command);
  return (hooks) =>
    runMetaTrain(
      {
        folder: options.out ?? newRunFolder(`meta-train-${target}`),
        data,
        target,
        leaveOut,
        leaveOutDataset,
        duplicates,
        model: { ...preset.model, ...givenFlags(command, modelFlags) },
        preset: presetName(command),
        options: withAlgorithm(preset.metaTrain, givenFlags(command, metaTrainFlags)),
        seed,
        skipBroken,
        maxPerClass,
        checkpointEvery,
      },
      hooks,
    );
}

function resume(command: Command, options: Options): Start {
  checkResumeOptions(command, WITH_RESUME);
  const iterations = typed<number>(command, 'iterations');
  const { resume: folder, data, checkpointEvery } = options;
  return (hooks) => resumeMetaTrain({ folder: folder!, data, iterations, checkpointEvery }, hooks);
}

/** Says where the run is and what to do next. */
function reportMetaTrain({ folder, config, iteration, skipped }: MetaTrainRun, output: Output): void {
  const { iterations } = config.options;
  const done = iteration >= iterations;
  const run = shortPath(folder);
  const next = done ? commandLine('fine-tune', '--init', run) : commandLine('meta-train', '--resume', run);
  output.record({ event: done ? 'done' : 'interrupted', run: folder, iteration, iterations, skipped, next });
  listSkipped(skipped, output);
  output.print(
    done
      ? `done: ${iteration} meta-steps, saved in ${run}`
      : `stopped after step ${iteration} of ${iterations}, saved in ${run}`,
  );
  output.print(`${done ? 'next' : 'to go on'}: ${next}`);
}
