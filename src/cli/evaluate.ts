import type { Command } from 'commander';
import { evaluateRun, Interrupted, RunDetector } from '../medetection/index.ts';
import {
  type Bootstrapped,
  type DecisionRule,
  type Metric,
  type Summary,
  summary,
  summaryIntervals,
} from '../metrics/index.ts';
import { Random } from '../random.ts';
import { addCommon, type CommonOptions, outputOf, withDevice } from './common.ts';
import { printDecision, thresholdHelp } from './decision.ts';
import { registerFlag } from './explain-flags.ts';
import { decisionRule, integer } from './flags.ts';
import { shortPath } from './invocation.ts';
import { decimals, table } from './output.ts';
import { type Progress, startProgress } from './progress.ts';
import { loadingUi } from './training.ts';

interface Options extends CommonOptions {
  readonly run: string;
  readonly data?: string;
  readonly threshold?: DecisionRule;
  readonly bootstrap: number;
  readonly register: boolean;
}

export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('measure a fine-tuned detector on the test part of its split')
    .requiredOption('--run <run>', 'folder of a fine-tuned run')
    .option('--data <dir>', 'where the folder of tasks is now, if it moved')
    .option('--threshold <rule>', thresholdHelp, decisionRule)
    .option('--bootstrap <n>', 'resamples of the test part for 95% intervals', integer(40), 1000)
    .option(...registerFlag);
  addCommon(command).action(async (options: Options) => {
    const output = outputOf(options);
    await withDevice(options, output, async (signal) => {
      const detector = await RunDetector.open(options.run, undefined, options.register);
      const decision = await detector.decision(options.threshold);
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
      const labels = images.map(({ label }) => label);
      const scores = images.map(({ score }) => score);
      const measure = (threshold: number): Measured => ({
        measures: summary(labels, scores, threshold),
        // The same resamples for every threshold.
        ...summaryIntervals(labels, scores, threshold, {
          random: new Random(config.seed).fork('bootstrap'),
          resamples: options.bootstrap,
        }),
      });
      const decided = measure(decision.threshold);
      const atZero = measure(0);
      output.record({
        run: folder,
        target: config.target,
        register: config.model.register,
        test,
        testIntervals: atZero.intervals,
        decision,
        decided: decided.measures,
        decidedIntervals: decided.intervals,
        intervalsNote: decided.note,
        images,
      });
      output.print(
        `${config.target}: ${images.length} pictures of the test part, detector ${shortPath(folder)}`,
      );
      printDecision(decision, output);
      if (decided.note !== undefined) output.warn(decided.note);
      output.print();
      output.print(metricsTable(decided, atZero));
      output.print();
      output.print(confusionTable(decided.measures));
    });
  });
}

/** The metrics at one threshold, with their intervals. */
interface Measured extends Bootstrapped<Metric> {
  readonly measures: Summary;
}

const metrics: Readonly<Record<Metric, string>> = {
  accuracy: 'accuracy',
  recall: 'recall',
  precision: 'precision',
  f1: 'F1',
  auroc: 'AUROC',
  aurocOfDecisions: 'AUROC of hard decisions',
  averagePrecision: 'average precision',
};

const from = (threshold: number): string => `from ${decimals(threshold)} on`;

/** The metrics at some thresholds, side by side. */
function metricsTable(...columns: readonly Measured[]): string {
  return table([
    ['', ...columns.flatMap(({ measures }) => [from(measures.threshold), '95% interval'])],
    ...(Object.keys(metrics) as Metric[]).map((metric) => [
      metrics[metric],
      ...columns.flatMap(({ measures, intervals }) => {
        const { low, high } = intervals[metric];
        return [
          decimals(measures[metric]),
          Number.isNaN(low) ? '-' : `${decimals(low)} to ${decimals(high)}`,
        ];
      }),
    ]),
  ]);
}

const confusionTable = ({ threshold, confusion }: Summary): string =>
  table([
    [from(threshold), 'called normal', 'called defective'],
    ['normal', String(confusion.trueNegative), String(confusion.falsePositive)],
    ['defective', String(confusion.falseNegative), String(confusion.truePositive)],
  ]);
