import type { Command, Option } from 'commander';
import type { Tree } from '../graph/index.ts';
import {
  compareWith,
  drawStudy,
  isComplete,
  type Results,
  readResults,
  reproduce,
  resultsFile,
  resumeReproduction,
  type StudyOutline,
  type StudySettings,
} from '../reproduce/index.ts';
import { addCommon, type CommonOptions, newRunFolder, outputOf, withDevice } from './common.ts';
import { exitCode } from './errors.ts';
import { addFlags, integer, integers, oneOf } from './flags.ts';
import { commandLine, shortPath } from './invocation.ts';
import type { Output } from './output.ts';
import { comparisonTable, reproduceUi } from './reproduce-output.ts';
import { omniglotCommand, type StudyCommand, sinusoidCommand } from './reproduce-studies.ts';
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

/** What a study cannot do without, such as its data, it needs to go on as well. */
const isRequired = ({ mandatory }: Option): boolean => mandatory;

/** `reproduce STUDY`: experiments of the literature, made again and held against their figures. */
export function addReproduce(program: Command): void {
  const command = program
    .command('reproduce')
    .description('make experiments of the literature again and compare the figures');
  addStudy(command, sinusoidCommand);
  addStudy(command, omniglotCommand);
}

function addStudy<S extends StudySettings, P extends Tree>(
  parent: Command,
  { outline, flags, own, settingsOf, studyOf }: StudyCommand<S, P>,
): void {
  const { methods } = outline;
  const command = parent
    .command(outline.name)
    .description(outline.title)
    .option('--method <name>', `${methods.join(', ')}, or ${ALL}`, oneOf([...methods, ALL]), ALL)
    .option('--seeds <list>', 'every method is trained from each of these', integers(0), [0])
    .option('--out <folder>', `folder of the new study (default: runs/${outline.name}-<n>)`)
    .option('--resume <folder>', 'go on with a study as if it had never stopped')
    .option('--checkpoint-every <n>', 'meta-steps between two saves of the state', integer(1), 1000);
  addFlags(command, flags, outline.defaults);
  for (const option of own) command.addOption(option);
  addCommon(command).action(async (options: Options) => {
    const output = outputOf(options);
    const { resume, checkpointEvery, method, seeds } = options;
    const folder = resume ?? options.out ?? newRunFolder(outline.name);
    if (resume !== undefined) {
      checkResumeOptions(command, [...WITH_RESUME, ...own.filter(isRequired).map((o) => o.attributeName())]);
      // What is no study is refused before a device is opened.
      await readResults(outline, folder);
    }
    const study = await studyOf(command);
    await withDevice(options, output, async (signal) => {
      const ui = reproduceUi(study, output, signal);
      let results: Results<S>;
      try {
        results =
          resume === undefined
            ? await reproduce(
                study,
                {
                  folder,
                  settings: settingsOf(command),
                  methods: method === ALL ? methods : [method],
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
    const plots = await drawStudy(study, folder, results);
    output.print(`${resultsFile}, ${plots.join(' and ')} are in ${shortPath(folder)}`);
  } catch (error) {
    output.warn(`${(error as Error).message}; the results are in ${shortPath(folder)} all the same`);
  }
}
