import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { generateTask, proceduralTasks, writeTask } from '../data/index.ts';
import {
  checkModel,
  checkNewFolder,
  defaultFineTune,
  defaultMetaTrain,
  defaultModel,
  type Epoch,
  type FineTuneRun,
  Interrupted,
  type ModelConfig,
  runFineTune,
  runMetaTrain,
} from '../medetection/index.ts';
import { measures } from '../metrics/index.ts';
import { chart, type Series } from './chart.ts';
import { addCommon, type CommonOptions, newRunFolder, outputOf, withDevice } from './common.ts';
import { UsageError } from './errors.ts';
import { addFlags, integer } from './flags.ts';
import { commandLine, shortPath } from './invocation.ts';
import { decimals, type Output, table } from './output.ts';
import { duration, startProgress } from './progress.ts';
import { fineTuneUi, metaTrainUi } from './training.ts';
import { modelFlags } from './training-flags.ts';

/** All that decides what the demo shows and how long it takes. */
const demo = {
  /** The product that is new at the end; nothing of its texture is learned from. */
  target: 'stripes_break',
  /** Pictures of each class: of the tasks learned from, and of the target. */
  images: 24,
  targetImages: 60,
  size: 32,
  width: 16,
  meta: { ...defaultMetaTrain, iterations: 80, tasksPerStep: 4, support: 10, query: 10, outerRate: 2e-3 },
  // As many epochs for both: the budget is the same, and early stopping is off.
  fineTune: { ...defaultFineTune, epochs: 8, patience: 8, batch: 16, rate: 1e-3 },
  checkpointEvery: 20,
};

const STARTS = ['meta-trained', 'random'] as const;
type Start = (typeof STARTS)[number];

interface Options extends CommonOptions {
  readonly target: string;
  readonly out?: string;
  readonly size: number;
  readonly seed: number;
  readonly iterations: number;
}

export function addDemo(program: Command): void {
  const command = program
    .command('demo')
    .description('watch a detector learn to learn, on drawn pictures: nothing to download, minutes on a CPU')
    .option('--target <task>', 'the product that is new at the end', demo.target)
    .option('--out <dir>', 'folder for pictures and runs (default: runs/demo-<n>)')
    .option('--seed <n>', 'decides pictures, initial weights and draws', integer(0), 0)
    .option('--iterations <n>', 'meta-steps', integer(1), demo.meta.iterations);
  addFlags<Pick<ModelConfig, 'size'>>(command, { size: modelFlags.size }, demo);
  addCommon(command).action(async (options: Options) => {
    const output = outputOf(options);
    const begun = performance.now();
    const { target, size, seed, iterations } = options;
    const leaveOut = sameTexture(target);
    const model = checkModel({ ...defaultModel, width: demo.width, size });
    if (options.out !== undefined) await checkNewFolder(resolve(options.out));
    await withDevice(options, output, async (signal) => {
      const folder = resolve(options.out ?? newRunFolder('demo'));
      const data = join(folder, 'data');
      output.print(
        `held out: ${target}, and with it all of its texture (${[target, ...leaveOut].join(', ')})`,
      );
      await drawTasks(data, target, size, seed, signal);

      const meta = metaTrainUi(output, signal);
      const common = { data, target, model, seed, skipBroken: false };
      const trained = await runMetaTrain(
        {
          ...common,
          folder: join(folder, 'meta-train'),
          leaveOut,
          options: { ...demo.meta, iterations },
          checkpointEvery: demo.checkpointEvery,
        },
        meta,
      ).finally(meta.finish);
      if (trained.iteration < iterations)
        throw new Interrupted(
          `stopped after step ${trained.iteration} of ${iterations}; to go on with the meta-training: ${commandLine('meta-train', '--resume', shortPath(trained.folder))}`,
        );

      const tune = async (start: Start): Promise<FineTuneRun> => {
        output.print();
        const ui = fineTuneUi(output, signal, { start });
        const run = await runFineTune(
          {
            ...common,
            folder: join(folder, `fine-tune-${start}`),
            init: start === 'random' ? start : trained.folder,
            options: demo.fineTune,
            allowSeen: false,
          },
          ui,
        ).finally(ui.finish);
        if (run.stopped === 'signal')
          throw new Interrupted(
            `stopped after epoch ${run.state.epochs.length - 1} of ${demo.fineTune.epochs}; to go on with the fine-tuning: ${commandLine('fine-tune', '--resume', shortPath(run.folder))}`,
          );
        return run;
      };
      const runs = { 'meta-trained': await tune('meta-trained'), random: await tune('random') };
      report(output, folder, target, runs);
      output.print(`\n${duration((performance.now() - begun) / 1000)} in all`);
    });
  });
}

/** The other tasks of the target's texture: learning from them would not leave the product out. */
function sameTexture(target: string): string[] {
  const known = proceduralTasks.find(({ name }) => name === target);
  if (known === undefined)
    throw new UsageError(
      `demo: there is no task "${target}"; there are ${proceduralTasks.map(({ name }) => name).join(', ')}`,
    );
  return proceduralTasks
    .filter((task) => task.texture === known.texture && task.name !== target)
    .map(({ name }) => name);
}

/** Draws all tasks and writes them as PNG files, to be read like any user's. */
async function drawTasks(
  data: string,
  target: string,
  size: number,
  seed: number,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(data, { recursive: true });
  const bar = startProgress('drawing', 'task', proceduralTasks.length);
  try {
    for (const [done, task] of proceduralTasks.entries()) {
      if (signal.aborted) throw new Interrupted('stopped while drawing pictures; nothing was learned yet');
      const each = task.name === target ? demo.targetImages : demo.images;
      const product = `${seed}/${task.name}`;
      await writeTask(data, generateTask({ ...task, size, normal: each, defective: each, seed: product }));
      bar.update(done + 1);
      // A breath, so that a signal is heard.
      await new Promise((done) => setImmediate(done));
    }
  } finally {
    bar.stop();
  }
}

const marks: Readonly<Record<Start, Pick<Series, 'mark' | 'line'>>> = {
  'meta-trained': { mark: '#', line: '-' },
  random: { mark: 'o', line: '.' },
};

function report(
  output: Output,
  folder: string,
  target: string,
  runs: Readonly<Record<Start, FineTuneRun>>,
): void {
  const epochs = (start: Start): readonly Epoch[] => runs[start].epochs;
  const count = Math.min(...STARTS.map((start) => epochs(start).length));
  const header = ['epoch', 'start', ...measures.map(([name]) => name)];
  const rows = Array.from({ length: count }, (_, i) =>
    STARTS.map((start, k) => [
      k === 0 ? String(i) : '',
      start,
      ...measures.map(([, of]) => decimals(of(epochs(start)[i].test))),
    ]),
  ).flat();
  output.print(`\n${target}, test part, after each epoch of fine-tuning (0: before the first)\n`);
  output.print(table([header, ...rows]));
  const auroc = (start: Start) => epochs(start).map(({ test }) => test.auroc);
  const series = [...STARTS]
    .reverse()
    .map((start) => ({ name: start, values: auroc(start), ...marks[start] }));
  output.print(`\n${chart('test AUROC', 'epoch', series)}\n`);
  output.print(verdict(auroc('meta-trained'), auroc('random')));
  const next = [
    commandLine('evaluate', '--run', shortPath(runs['meta-trained'].folder)),
    commandLine(
      'predict',
      '--run',
      shortPath(runs['meta-trained'].folder),
      shortPath(join(folder, 'data', target, '1', '000.png')),
    ),
    commandLine('tasks', shortPath(join(folder, 'data'))),
  ];
  output.print(`\npictures and runs are in ${shortPath(folder)}; to try next:`);
  for (const line of next) output.print(`  ${line}`);
  output.record({
    event: 'done',
    folder,
    target,
    runs: Object.fromEntries(
      STARTS.map((start) => [start, { folder: runs[start].folder, epochs: epochs(start) }]),
    ),
    next,
  });
}

/** What happened, whichever start was ahead. */
function verdict(meta: readonly number[], random: readonly number[]): string {
  const count = (sign: number) => meta.filter((value, i) => Math.sign(value - random[i]) === sign).length;
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
  return [
    `Of ${meta.length} measurements the meta-trained start is ahead in ${count(1)}, level in ${count(0)}, behind in ${count(-1)};`,
    `its test AUROC is ${decimals(mean(meta))} on average, that of the random one ${decimals(mean(random))}.`,
  ].join(' ');
}
