import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { Tree } from '../graph/index.ts';
import { tree } from '../graph/index.ts';
import { type Inspected, inspect } from '../insight/index.ts';
import { runEpisode } from '../medetection/index.ts';
import { Random } from '../random.ts';
import { defaultSinusoid, drawTasks, initRegressor, loadTheta, squaredError } from '../reproduce/index.ts';
import { addCommon, type CommonOptions, newRunFolder, outputOf, withDevice } from './common.ts';
import { UsageError } from './errors.ts';
import { integer, positive } from './flags.ts';
import { inspectionTables, writeInspection } from './inspect-output.ts';
import { shortPath } from './invocation.ts';
import type { Output } from './output.ts';
import { typed } from './resume.ts';
import { loadingUi } from './training.ts';

interface Options extends CommonOptions {
  readonly task?: string;
  readonly data?: string;
  readonly weights?: string;
  readonly shots?: number;
  readonly innerRate?: number;
  readonly innerSteps?: number;
  readonly steps?: number;
  readonly seed: number;
  readonly png: boolean;
  readonly out?: string;
}

/** What an inspection is of. */
interface Subject<P extends Tree, D> {
  readonly title: string;
  readonly inspected: Inspected<P, D>;
}

const SINUSOID = 'sinusoid';
/** Options that go with one kind of subject only. */
const own = { run: ['task', 'data'], sinusoid: ['weights', 'shots'] } as const;

/** `inspect RUN` and `inspect sinusoid`: how a model adapts to a task, and what its meta-gradient is made of. */
export function addInspect(program: Command): void {
  const command = program
    .command('inspect')
    .description('follow a model through its adaptation to one task')
    .argument('<what>', `folder of a meta-trained run, or ${SINUSOID}`)
    .option('--task <task>', 'the task to adapt to (default: the one that the run left out)')
    .option('--data <dir>', 'where the folder of tasks is now, if it moved')
    .option('--weights <run>', `${SINUSOID}: folder of a finished training (default: fresh weights)`)
    .addOption(
      new Option('--shots <n>', `${SINUSOID}: support points, and query points`).argParser(integer(1)),
    )
    .option('--inner-rate <x>', 'step size of the adaptation (default: as trained)', positive)
    .option('--inner-steps <n>', 'steps of the adaptation (default: as trained)', integer(1))
    .option(
      '--steps <n>',
      'inner steps to follow (default: 10 more than those of the adaptation)',
      integer(1),
    )
    .option('--seed <n>', 'decides what is drawn of the task, and fresh weights', integer(0), 0)
    .option('--png', 'plots as PNG too', false)
    .option(
      '--out <dir>',
      'folder for tables, plots and graphs (default: inspect in the run, or runs/inspect-<n>)',
    );
  addCommon(command).action(async (what: string, options: Options) => {
    const output = outputOf(options);
    for (const name of own[what === SINUSOID ? 'run' : 'sinusoid'])
      if (typed(command, name) !== undefined)
        throw new UsageError(`inspect: --${name} does not go with ${what === SINUSOID ? SINUSOID : 'a run'}`);
    await withDevice(options, output, async () => {
      if (what === SINUSOID)
        await report(await sinusoidSubject(options), options, newRunFolder('inspect'), output);
      else await report(await runSubject(what, options, output), options, join(what, 'inspect'), output);
    });
  });
}

async function sinusoidSubject({
  weights,
  shots = defaultSinusoid.shots,
  innerRate: rate = defaultSinusoid.innerRate,
  innerSteps: steps = defaultSinusoid.innerSteps,
  seed,
}: Options) {
  const random = new Random(seed).fork('inspect');
  const fresh = initRegressor(random.fork('init'));
  const theta = weights === undefined ? fresh : await loadTheta(weights, fresh);
  // Of a batch of one task, the task.
  const task = tree.map((t) => t.reshape(t.shape.slice(1)), drawTasks(random.fork('task'), 1, shots));
  return {
    title: `a sinusoid by ${weights === undefined ? 'a fresh regressor' : shortPath(weights)}`,
    inspected: { loss: squaredError, theta, task, inner: { rate, steps } },
  };
}

async function runSubject(
  folder: string,
  { task, data, innerRate, innerSteps, seed }: Options,
  output: Output,
) {
  const loading = loadingUi(output);
  const random = new Random(seed).fork('inspect');
  const { loss, params, inner, ...episode } = await runEpisode(
    folder,
    { task, data, innerRate, innerSteps, random },
    loading,
  ).finally(loading.finish);
  return {
    title: `${episode.task} by ${shortPath(folder)}`,
    inspected: { loss, theta: params, task: episode.data, inner },
  };
}

async function report<P extends Tree, D>(
  { title, inspected }: Subject<P, D>,
  { steps, png, out }: Options,
  defaultFolder: string,
  output: Output,
): Promise<void> {
  const inspection = await inspect(inspected, { steps });
  const folder = out ?? defaultFolder;
  const { rate } = inspection;
  output.print(
    `adaptation to ${title}, inner rate${rate === undefined ? 's of its own for every tensor' : ` ${rate}`}`,
  );
  for (const text of inspectionTables(inspection)) {
    output.print();
    output.print(text);
  }
  await writeInspection(folder, inspected, inspection, { png, warn: output.warn });
  output.record({ title, folder, ...inspection });
  output.print();
  output.print(`tables, plots and graphs are in ${shortPath(folder)}`);
}
