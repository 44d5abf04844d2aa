import type { Command } from 'commander';
import { Interrupted } from '../medetection/index.ts';
import { writeReport } from '../report/index.ts';
import { addCommon, type CommonOptions, outputOf, withDevice } from './common.ts';
import { shortPath } from './invocation.ts';
import { type Progress, startProgress } from './progress.ts';
import { loadingUi } from './training.ts';

interface Options extends CommonOptions {
  readonly out?: string;
  readonly data?: string;
}

export function addReport(program: Command): void {
  const command = program
    .command('report')
    .description('write all that a run or an experiment shows as one HTML file, with a CSV table beside it')
    .argument(
      '<folder>',
      'folder of a run, of an experiment (the one with results.json), or of all that share their cells',
    )
    .option('--out <file.html>', 'the file to write (default: report.html in the folder)')
    .option('--data <dir>', 'where the folder of tasks is now, if it moved');
  addCommon(command).action(async (folder: string, { out, data, ...options }: Options) => {
    const output = outputOf(options);
    await withDevice(options, output, async (signal) => {
      const loading = loadingUi(output);
      let bar: Progress | undefined;
      const onMap = (done: number, total: number) => {
        if (signal.aborted) throw new Interrupted('stopped while explaining; nothing was written');
        bar ??= startProgress('explaining', 'pair', total);
        bar.update(done);
      };
      const files = await writeReport({ folder, out, data }, { ...loading, signal, onMap }).finally(() => {
        loading.finish();
        bar?.stop();
      });
      output.record(files);
      for (const file of Object.values(files)) output.print(`written: ${shortPath(file)}`);
    });
  });
}
