import type { Command } from 'commander';
import {
  defaultFineTune,
  type EnrolRun,
  type FineTuneOptions,
  falseAlarmWords,
  fewest,
  Interrupted,
  missWords,
  runEnrol,
  trainingWords,
} from '../medetection/index.ts';
import { addCommon, type CommonOptions, newRunFolder, outputOf, withDevice } from './common.ts';
import { printDecision } from './decision.ts';
import { addFlags, flagValues, integer } from './flags.ts';
import { commandLine, shortPath } from './invocation.ts';
import type { Output } from './output.ts';
import { type Progress, startProgress } from './progress.ts';
import { listSkipped, loadingUi } from './training.ts';
import { enrolFlags } from './training-flags.ts';

interface Options extends CommonOptions {
  readonly good: string;
  readonly bad?: string;
  readonly from: string;
  readonly out?: string;
  readonly seed: number;
  readonly skipBroken: boolean;
  readonly allowSeen: boolean;
}

/** A few pictures give a few steps an epoch: smaller batches and a higher rate than fine-tuning on hundreds. */
const defaults: FineTuneOptions = { ...defaultFineTune, epochs: 20, batch: 8, rate: 1e-3 };

export function addEnroll(program: Command): void {
  const command = program
    .command('enroll')
    .description(
      'make a detector of a new product from a handful of photographs, and say how far it can be trusted (by cross-validation)',
    )
    .argument('<product>', 'a name for it')
    .requiredOption('--good <dir>', `folder of defect-free photographs, at least ${fewest.good}`)
    .option(
      '--bad <dir>',
      `folder of defective ones, at least ${fewest.bad} (without any, nothing is trained and what is missed is unknown)`,
    )
    .requiredOption('--from <run>', 'the run whose weights are the start, best a meta-trained one')
    .option('--out <run>', 'folder of the new run (default: runs/enroll-<product>-<n>)')
    .option('--seed <n>', 'decides folds and order', integer(0), 0)
    .option('--skip-broken', 'leave out photographs that cannot be read, and list them', false)
    .option('--allow-seen', 'enroll even what the initial weights have learned from', false);
  addFlags(command, enrolFlags, defaults);
  addCommon(command).action(async (product: string, options: Options) => {
    const output = outputOf(options);
    const { good, bad, from, seed, skipBroken, allowSeen } = options;
    await withDevice(options, output, async (signal) => {
      const loading = loadingUi(output);
      let bar: Progress | undefined;
      const run = await runEnrol(
        {
          folder: options.out ?? newRunFolder(`enroll-${product}`),
          ...{ product, good, bad, from, seed, skipBroken, allowSeen },
          options: { ...defaults, ...flagValues(command, enrolFlags) },
        },
        {
          ...loading,
          signal,
          onStart: (counts, folds) => {
            loading.finish();
            output.print(
              `${product}: ${counts.good} good and ${counts.bad} bad photographs; each is judged by one of ${folds} trainings that have not seen it`,
            );
          },
          onTraining: (done, total) => {
            bar ??= startProgress('cross-validating', 'training', total);
            bar.update(done);
          },
        },
      ).finally(() => {
        loading.finish();
        bar?.stop();
      });
      if (run === undefined) throw new Interrupted('stopped; nothing was saved');
      report(run, output);
    });
  });
}

/** Says what is known of the detector, in words and with what so few photographs leave open. */
function report({ folder, config, trust, decision, skipped }: EnrolRun, output: Output): void {
  const run = shortPath(folder);
  const next = commandLine('predict', '<folder>', '--run', run);
  output.record({ event: 'done', run: folder, ...trust, decision, skipped, next });
  listSkipped(skipped, output);
  const { counts } = trust;
  output.print(trainingWords(trust, config.options.epochs));
  printDecision(decision, output, true);
  output.print(falseAlarmWords(trust));
  output.print(missWords(trust));
  if (counts.good + counts.bad < 30)
    output.print('More photographs narrow these intervals; nothing else does.');
  output.print(`saved in ${run}\nnext: ${next}`);
}
