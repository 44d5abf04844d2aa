import { basename } from 'node:path';
import { memoryLine, memoryReport } from '../compile/index.ts';
import type {
  Epoch,
  FineTuneRunHooks,
  LoadHooks,
  MetaTrainRunHooks,
  TaskImages,
} from '../medetection/index.ts';
import { decimals, type Output } from './output.ts';
import { type Progress, startProgress } from './progress.ts';

/** The loss shown is the mean of so many steps: single ones jump with the tasks drawn. */
const MEAN_OVER = 20;

/** What is shown while pictures load. `finish` ends the bar, whatever came of it. */
export function loadingUi(output: Output): LoadHooks & { finish: () => void } {
  let bar: Progress | undefined;
  return {
    warn: output.warn,
    onLoad: (done, total) => {
      bar ??= startProgress('loading', 'picture', total);
      bar.update(done);
      if (done === total) bar.stop();
    },
    finish: () => bar?.stop(),
  };
}

/** Lists the pictures that a training has left out, at its end, where they are seen. */
export function listSkipped(skipped: TaskImages['skipped'], output: Output): void {
  if (skipped.length === 0) return;
  output.print(
    `${skipped.length} ${skipped.length === 1 ? 'picture was' : 'pictures were'} left out, unreadable:`,
  );
  for (const { path, reason } of skipped) output.print(`  ${path}: ${reason}`);
}

/** What is shown of a meta-training; under --json each step is a line. */
export function metaTrainUi(output: Output, signal: AbortSignal): MetaTrainRunHooks & { finish: () => void } {
  const loading = loadingUi(output);
  const recent: number[] = [];
  let [total, first] = [0, 0];
  let bar: Progress | undefined;
  return {
    ...loading,
    signal,
    onStart: ({ tasks, options, target }, iteration) => {
      loading.finish();
      const images = tasks.reduce((sum, t) => sum + t.images, 0);
      output.print(
        `meta-training on ${tasks.length} tasks (${images} pictures); ${target} is left out${iteration > 0 ? `; going on from step ${iteration}` : ''}`,
      );
      [total, first] = [options.iterations, iteration];
    },
    onPlan: (plan) => {
      const { bytes, peak } = memoryReport(plan);
      output.print(`memory of a meta-step: ${memoryLine(plan)}`);
      output.record({
        event: 'memory',
        bytes,
        peak: peak.bytes,
        byOrigin: Object.fromEntries(peak.byOrigin),
      });
    },
    onStep: (step) => {
      // Not before the first step, which compiles and tells so itself.
      bar ??= startProgress('meta-training', 'step', total, first);
      recent.push(step.queryLoss);
      if (recent.length > MEAN_OVER) recent.shift();
      const mean = recent.reduce((a, b) => a + b) / recent.length;
      bar.update(step.iteration, `query loss ${decimals(mean)}`);
      output.record({ event: 'step', ...step, queryLossMean: mean });
    },
    finish: () => {
      loading.finish();
      bar?.stop();
    },
  };
}

const columns: readonly [string, (epoch: Epoch) => string][] = [
  ['epoch', ({ epoch }) => String(epoch)],
  ['train loss', ({ trainLoss }) => decimals(trainLoss)],
  ['val. loss', ({ validationLoss }) => decimals(validationLoss)],
  ['accuracy', ({ test }) => decimals(test.accuracy)],
  ['recall', ({ test }) => decimals(test.recall)],
  ['precision', ({ test }) => decimals(test.precision)],
  ['F1', ({ test }) => decimals(test.f1)],
  ['AUROC', ({ test }) => decimals(test.auroc)],
];

const WIDTH = 10;
const row = (cells: readonly string[]): string => cells.map((cell) => cell.padStart(WIDTH)).join(' ');

/** What is shown of a fine-tuning: a table that grows by a row per epoch. */
export function fineTuneUi(
  output: Output,
  signal: AbortSignal,
  tag: object = {},
): FineTuneRunHooks & { finish: () => void } {
  const loading = loadingUi(output);
  let bar: Progress | undefined;
  let epochs = 0;
  const finish = () => {
    loading.finish();
    bar?.stop();
    bar = undefined;
  };
  return {
    ...loading,
    signal,
    onStart: ({ target, init }, { train, validation, test }, done) => {
      loading.finish();
      epochs = (done ?? -1) + 1;
      output.print(
        `fine-tuning ${target} from ${init === 'random' ? 'random weights' : basename(init)}: ${train} pictures to train on, ${validation} to stop by, ${test} to test${done === undefined ? '' : `; going on after epoch ${done}`}`,
      );
      output.print(row(columns.map(([name]) => name)));
    },
    onStep: (done, total, loss) => {
      bar ??= startProgress(`epoch ${epochs}`, 'step', total);
      bar.update(done, `loss ${decimals(loss)}`);
    },
    onEpoch: (epoch) => {
      finish();
      epochs = epoch.epoch + 1;
      output.print(`${row(columns.map(([, show]) => show(epoch)))}${epoch.best ? '  *' : ''}`);
      output.record({ event: 'epoch', ...tag, ...epoch });
    },
    finish,
  };
}
