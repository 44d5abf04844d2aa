import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  defaultFineTune,
  defaultModel,
  type FineTuneRun,
  type RunConfig,
  readConfig,
  runFineTune,
} from '../medetection/index.ts';
import { addCommon, type CommonOptions, newRunFolder, outputOf, withDevice } from './common.ts';
import { exitCode, UsageError } from './errors.ts';
import { addFlags, flagValues, givenFlags, integer } from './flags.ts';
import { commandLine, shortPath } from './invocation.ts';
import { decimals, type Output } from './output.ts';
import { fineTuneUi } from './training.ts';
import { fineTuneFlags, modelFlags } from './training-flags.ts';

interface Options extends CommonOptions {
  readonly init: string;
  readonly data?: string;
  readonly target?: string;
  readonly seed?: number;
  readonly out?: string;
  readonly skipBroken?: boolean;
}

export function addFineTune(program: Command): void {
  const command = program
    .command('fine-tune')
    .description('adapt to one task, from meta-trained or random weights, with early stopping')
    .requiredOption('--init <run>', 'the run whose weights are the start, or "random"')
    .option('--data <dir>', "folder of tasks (default: the run's)")
    .option('--target <task>', 'the task to adapt to (default: the one that the run left out)')
    .option('--seed <n>', "decides the split and the order (default: the run's, or 0)", integer(0))
    .option('--out <run>', 'folder of the new run (default: runs/fine-tune-<target>-<n>)')
    .option('--skip-broken', 'leave out pictures that cannot be read, and list them');
  addFlags(command, fineTuneFlags, defaultFineTune);
  addFlags(command, modelFlags, defaultModel);
  addCommon(command).action(async (options: Options) => {
    const output = outputOf(options);
    const init = options.init === 'random' ? undefined : await readConfig(options.init);
    const { data, target } = needed(options, init);
    await withDevice(options, output, async (signal) => {
      const ui = fineTuneUi(output, signal);
      let run: FineTuneRun;
      try {
        run = await runFineTune(
          {
            folder: options.out ?? newRunFolder(`fine-tune-${target}`),
            data,
            target,
            init: init ? resolve(options.init) : 'random',
            // The run's model, with what was typed on top: weights that do not fit are then refused by name.
            model: init
              ? { ...init.model, ...givenFlags(command, modelFlags) }
              : flagValues(command, modelFlags),
            options: flagValues(command, fineTuneFlags),
            seed: options.seed ?? init?.seed ?? 0,
            skipBroken: options.skipBroken ?? init?.skipBroken ?? false,
          },
          ui,
        );
      } finally {
        ui.finish();
      }
      reportFineTune(run, output);
      if (run.stopped === 'signal') process.exitCode = exitCode.interrupted;
    });
  });
}

function needed(options: Options, init: RunConfig | undefined): { data: string; target: string } {
  const data = options.data ?? init?.data;
  const target = options.target ?? init?.target;
  if (data === undefined || target === undefined)
    throw new UsageError('fine-tune: with --init random, give --data DIR and --target TASK');
  return { data, target };
}

/** Says why training ended, what the kept epoch measures, and what to do next. */
function reportFineTune({ folder, best, stopped, config }: FineTuneRun, output: Output): void {
  const run = shortPath(folder);
  const why = {
    epochs: 'all epochs are done',
    patience: `no lower validation loss for ${config.options.patience} epochs`,
    signal: 'stopped',
  }[stopped];
  const next =
    stopped === 'signal' ? commandLine('fine-tune', '--init', run) : commandLine('evaluate', '--run', run);
  output.record({ event: stopped === 'signal' ? 'interrupted' : 'done', run: folder, stopped, best, next });
  output.print(
    `${why}; epoch ${best.epoch} (*) had the lowest validation loss and is kept: test AUROC ${decimals(best.test.auroc)}, saved in ${run}`,
  );
  output.print(
    `${stopped === 'signal' ? "to go on from the kept epoch (Adam's moments start anew)" : 'next'}: ${next}`,
  );
}
