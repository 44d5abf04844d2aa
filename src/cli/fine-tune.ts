import { type Command, InvalidArgumentError } from 'commander';
import {
  type DuplicatePolicy,
  type FineTuneRequest,
  type FineTuneRun,
  type FineTuneRunHooks,
  isStateDict,
  type RunConfig,
  readConfig,
  resumeFineTune,
  runFineTune,
} from '../medetection/index.ts';
import { addCommon, type CommonOptions, newRunFolder, outputOf, withDevice } from './common.ts';
import { printDecision } from './decision.ts';
import { exitCode, UsageError } from './errors.ts';
import { addFlags, givenFlags, integer } from './flags.ts';
import { commandLine, shortPath } from './invocation.ts';
import { decimals, type Output } from './output.ts';
import { addPreset, typedPreset } from './preset.ts';
import { checkResumeOptions, typed } from './resume.ts';
import { fineTuneUi, listSkipped } from './training.ts';
import { duplicatesFlag, fineTuneFlags, modelFlags } from './training-flags.ts';

interface Options extends CommonOptions {
  readonly init?: string;
  readonly data?: string;
  readonly target?: string;
  readonly seed?: number;
  readonly out?: string;
  readonly resume?: string;
  readonly skipBroken?: boolean;
  readonly maxPerClass?: number;
  readonly allowSeen: boolean;
  readonly duplicates: DuplicatePolicy;
}

/** What may be given along with --resume; the rest is the run's own. */
const WITH_RESUME = ['resume', 'data', 'epochs', 'adapter', 'json'];

export function addFineTune(program: Command): void {
  const command = program
    .command('fine-tune')
    .description('adapt to one task, from meta-trained or random weights, with early stopping')
    .option(
      '--init <run>',
      'the run whose weights are the start, "random", or a state dict of the published PyTorch code (.safetensors)',
    )
    .option('--data <dir>', "folder of tasks (default: the run's)")
    .option('--target <task>', 'the task to adapt to (default: the one that the run left out)')
    .option('--seed <n>', "decides the split and the order (default: the run's, or 0)", integer(0))
    .option('--out <run>', 'folder of the new run (default: runs/fine-tune-<target>-<n>)')
    .option(
      '--resume <run>',
      'go on with a fine-tuning after its last whole epoch, as if it had never stopped',
    )
    .option('--skip-broken', 'leave out pictures that cannot be read, and list them')
    .option('--max-per-class <n>', 'use at most so many pictures of each class of a task', integer(2))
    .option('--allow-seen', 'adapt even to a task that the initial weights have learned from', false)
    .addOption(
      duplicatesFlag(
        'pictures in two parts of the split: separate (copies stay in one part, near duplicates are warned of), warn, refuse',
      ),
    )
    .option(
      '--select <part>',
      'the part that chooses the epoch and the threshold: validation, and no other',
      selectingPart,
      'validation',
    );
  addPreset(command);
  addFlags(command, fineTuneFlags);
  addFlags(command, modelFlags);
  addCommon(command).action(async (options: Options) => {
    const output = outputOf(options);
    const start =
      options.resume === undefined ? await begin(command, options) : resume(command, options.resume, options);
    await withDevice(options, output, async (signal) => {
      const ui = fineTuneUi(output, signal);
      const run = await start(ui).finally(ui.finish);
      reportFineTune(run, output);
      if (run.stopped === 'signal') process.exitCode = exitCode.interrupted;
    });
  });
}

/** @throws InvalidArgumentError for a part that must not choose. */
function selectingPart(part: string): string {
  if (part === 'test')
    throw new InvalidArgumentError(
      'What the test part chooses, it can no longer measure: of many epochs one is best on it by luck, and new pictures have no share in that luck. Only the validation part chooses.',
    );
  if (part !== 'validation') throw new InvalidArgumentError('It must be validation.');
  return part;
}

type Start = (hooks: FineTuneRunHooks) => Promise<FineTuneRun>;

async function begin(command: Command, options: Options): Promise<Start> {
  if (options.init === undefined)
    throw new UsageError('fine-tune: give --init RUN (a meta-trained run), --init random, or --resume RUN');
  const isRun = options.init !== 'random' && !isStateDict(options.init);
  const init = isRun ? await readConfig(options.init) : undefined;
  const { data, target } = needed(options, init);
  const preset = typedPreset(command, init?.kind === 'meta-train' ? init.preset : undefined);
  const request: FineTuneRequest = {
    folder: options.out ?? newRunFolder(`fine-tune-${target}`),
    data,
    target,
    init: options.init,
    // The run's model, with what was typed on top: weights that do not fit are then refused by name.
    model: { ...(init?.model ?? preset.model), ...givenFlags(command, modelFlags) },
    options: { ...preset.fineTune, ...givenFlags(command, fineTuneFlags) },
    seed: options.seed ?? init?.seed ?? 0,
    skipBroken: options.skipBroken ?? init?.skipBroken ?? false,
    maxPerClass: options.maxPerClass ?? init?.maxPerClass,
    allowSeen: options.allowSeen,
    duplicates: options.duplicates,
  };
  return (hooks) => runFineTune(request, hooks);
}

function resume(command: Command, folder: string, { data }: Options): Start {
  checkResumeOptions(command, WITH_RESUME);
  const epochs = typed<number>(command, 'epochs');
  return (hooks) => resumeFineTune({ folder, data, epochs }, hooks);
}

function needed(options: Options, init: RunConfig | undefined): { data: string; target: string } {
  const data = options.data ?? init?.data;
  const target = options.target ?? init?.target;
  if (data === undefined || target === undefined)
    throw new UsageError('fine-tune: unless --init is a run, give --data DIR and --target TASK');
  return { data, target };
}

/** Says why training ended, what the kept epoch measures, and what to do next. */
function reportFineTune(
  { folder, best, decision, stopped, config, skipped }: FineTuneRun,
  output: Output,
): void {
  const run = shortPath(folder);
  const interrupted = stopped === 'signal';
  const why = {
    epochs: 'all epochs are done',
    patience: `no lower validation loss for ${config.options.patience} epochs`,
    signal: 'stopped',
  }[stopped];
  const next = interrupted
    ? commandLine('fine-tune', '--resume', run)
    : commandLine('evaluate', '--run', run);
  output.record({
    event: interrupted ? 'interrupted' : 'done',
    run: folder,
    stopped,
    best,
    decision,
    skipped,
    next,
  });
  listSkipped(skipped, output);
  output.print(
    `${why}; epoch ${best.epoch} (*) had the lowest validation loss and is kept: test AUROC ${decimals(best.test.auroc)}, saved in ${run}`,
  );
  printDecision(decision, output);
  output.print(`${interrupted ? 'to go on' : 'next'}: ${next}`);
}
