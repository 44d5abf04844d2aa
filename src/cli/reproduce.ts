import type { Command } from 'commander';
import type { Tree } from '../graph/index.ts';
import {
  compareWith,
  drawStudy,
  isComplete,
  plotFiles,
  type Results,
  readResults,
  reproduce,
  resultsFile,
  resumeReproduction,
  type Study,
  type StudyOutline,
  type StudySettings,
  sinusoid,
} from '../reproduce/index.ts';
import { addCommon, type CommonOptions, newRunFolder, outputOf, withDevice } from './common.ts';
import { exitCode } from './errors.ts';
import { addFlags, type Flags, flagValues, integer, integers, oneOf } from './flags.ts';
import { commandLine, shortPath } from './invocation.ts';
import type { Output } from './output.ts';
import { sinusoidFlags } from './reproduce-flags.ts';
import { comparisonTable, reproduceUi } from './reproduce-output.ts';
import { checkResumeOptions } from './resume.ts';

interface Options extends CommonOptions {
  readonly method: string;
  readonly seeds: readonly number[];
  readonly out?: string;
  readonly resume?: string;
  readonly checkpointEvery: number;
}

/** What may be given along with --resume; the rest is the study's own. */
const WITH_RESUME = ['resume', 'checkpointEvery', 'adapter', 'json'];
const ALL = 'all';

/** `reproduce STUDY`: experiments of the literature, made again and held against their figures. */
export function addReproduce(program: Command): void {
  const command = program
    .command('reproduce')
    .description('make experiments of the literature again and compare the figures');
  addStudy(command, sinusoid, sinusoidFlags);
}

function addStudy<S extends StudySettings, P extends Tree>(
  parent: Command,
  study: Study<S, P>,
  flags: Flags<S>,
): void {
  const command = parent
    .command(study.name)
    .description(study.title)
    .option('--method <name>', `${study.methods.join(', ')}, or ${ALL}`, oneOf([...study.methods, ALL]), ALL)
    .option('--seeds <list>', 'every method is trained from each of these', integers(0), [0])
    .option('--out <folder>', `folder of the new study (default: runs/${study.name}-<n>)`)
    .option('--resume <folder>', 'go on with a study as if it had never stopped')
    .option('--checkpoint-every <n>', 'meta-steps between two saves of the state', integer(1), 1000);
  addFlags(command, flags, study.defaults);
  addCommon(command).action(async (options: Options) => {
    const output = outputOf(options);
    const { resume, checkpointEvery, method, seeds } = options;
    const folder = resume ?? options.out ?? newRunFolder(study.name);
    if (resume !== undefined) {
      checkResumeOptions(command, WITH_RESUME);
      // What is no study is refused before a device is opened.
      await readResults(study, folder);
    }
    await withDevice(options, output, async (signal) => {
      const ui = reproduceUi(output, signal);
      let results: Results<S>;
      try {
        results =
          resume === undefined
            ? await reproduce(
                study,
                {
                  folder,
                  settings: flagValues(command, flags),
                  methods: method === ALL ? study.methods : [method],
                  seeds,
                  checkpointEvery,
                },
                ui,
              )
            : await resumeReproduction(study, { folder, checkpointEvery }, ui);
      } finally {
        ui.finish();
      }
      if (results.runs.length > 0) await report(study, folder, results, output);
      if (isComplete(results)) {
        output.record({
          event: 'done',
          folder,
          compared: compareWith(results, study.reference(results.settings)),
        });
        return;
      }
      const next = commandLine('reproduce', study.name, '--resume', shortPath(folder));
      output.record({ event: 'interrupted', folder, next });
      output.print(`stopped and saved in ${shortPath(folder)}; to go on: ${next}`);
      process.exitCode = exitCode.interrupted;
    });
  });
}

/** Prints the figures beside those of reference, and draws them. */
async function report<S extends StudySettings>(
  study: StudyOutline<S>,
  folder: string,
  results: Results<S>,
  output: Output,
): Promise<void> {
  output.print();
  output.print(comparisonTable(study, results));
  output.print();
  try {
    await drawStudy(study, folder, results);
    output.print(`${resultsFile}, ${Object.values(plotFiles).join(' and ')} are in ${shortPath(folder)}`);
  } catch (error) {
    output.warn(`${(error as Error).message}; the results are in ${shortPath(folder)} all the same`);
  }
}
