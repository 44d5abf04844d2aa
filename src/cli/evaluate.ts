import type { Command } from 'commander';
import { evaluateRun, Interrupted, RunDetector } from '../medetection/index.ts';
import { addCommon, type CommonOptions, outputOf, withDevice } from './common.ts';
import { shortPath } from './invocation.ts';
import { decimals, table } from './output.ts';
import { type Progress, startProgress } from './progress.ts';
import { loadingUi, testMetrics } from './training.ts';

interface Options extends CommonOptions {
  readonly run: string;
  readonly data?: string;
}

export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('measure a fine-tuned detector on the test part of its split')
    .requiredOption('--run <run>', 'folder of a fine-tuned run')
    .option('--data <dir>', 'where the folder of tasks is now, if it moved');
  addCommon(command).action(async (options: Options) => {
    const output = outputOf(options);
    await withDevice(options, output, async (signal) => {
      const detector = await RunDetector.open(options.run);
      const loading = loadingUi(output);
      let bar: Progress | undefined;
      const onScore = (done: number, total: number) => {
        if (signal.aborted) throw new Interrupted('stopped while scoring');
        bar ??= startProgress('scoring', 'pair', total);
        bar.update(done);
      };
      const { test, images } = await evaluateRun(detector, options.data, {
        ...loading,
        signal,
        onScore,
      }).finally(() => {
        loading.finish();
        bar?.stop();
      });
      const { folder, config } = detector;
      output.record({ run: folder, target: config.target, test, images });
      output.print(
        `${config.target}: ${images.length} pictures of the test part, detector ${shortPath(folder)}`,
      );
      output.print();
      output.print(table(testMetrics.map(([name, of]) => [name, decimals(of(test))])));
      output.print(`AUROC of hard decisions  ${decimals(test.aurocOfDecisions)}`);
      const { truePositive, falsePositive, falseNegative, trueNegative } = test.confusion;
      output.print();
      output.print(
        table([
          ['', 'called normal', 'called defective'],
          ['normal', String(trueNegative), String(falsePositive)],
          ['defective', String(falseNegative), String(truePositive)],
        ]),
      );
    });
  });
}
