import {
  type Comparison,
  compareWith,
  type ReproduceHooks,
  type Results,
  type StudyOutline,
  type StudySettings,
} from '../reproduce/index.ts';
import { decimals, type Output, table } from './output.ts';
import { duration, type Progress, startProgress } from './progress.ts';

/** The loss shown is the mean of so many meta-steps: single ones jump with the tasks drawn. */
const MEAN_OVER = 500;

/** What is shown of a study. */
export function reproduceUi(
  { measure, statistic }: Pick<StudyOutline<StudySettings>, 'measure' | 'statistic'>,
  output: Output,
  signal: AbortSignal,
): ReproduceHooks & { finish: () => void } {
  let bar: Progress | undefined;
  let tested = '';
  const finish = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    signal,
    warn: output.warn,
    onRun: ({ method, seed, settings }, done) => {
      const from = done > 0 ? `, going on from step ${done}` : '';
      output.print(`${method}, seed ${seed}: ${settings.iterations} meta-steps${from}`);
      output.record({ event: 'begin', method, seed, done });
      tested = '';
      bar = startProgress(method, 'step', settings.iterations, done);
    },
    onLosses: (losses) => {
      const recent = losses.slice(-MEAN_OVER);
      const mean = recent.reduce((a, b) => a + b, 0) / recent.length;
      bar?.update(losses.length, `loss ${decimals(mean)}${tested}`);
    },
    onTested: ({ iteration, evaluation: { steps } }) => {
      tested = `, ${measure} ${decimals(steps[steps.length - 1][statistic])}`;
      output.record({ event: 'tested', iteration, steps });
    },
    onEvaluate: finish,
    onResult: (result) => {
      const { method, seed, seconds, evaluation } = result;
      const steps = evaluation.steps
        .slice(0, 4)
        .map((step) => `${decimals(step[statistic])} (${step.steps})`);
      output.print(
        `${method}, seed ${seed}: ${duration(seconds)}; ${statistic} ${measure} after inner steps: ${steps.join(', ')}`,
      );
      output.record({ event: 'run', ...result });
    },
    finish,
  };
}

const percent = (share: number): string => `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;

const range = ({ low, high }: { low: number; high: number }): string =>
  low === high ? String(low) : `${low}-${high}`;

const row = ({ method, steps, median, mean, reference, deviation }: Comparison): string[] => [
  method,
  String(steps),
  decimals(median),
  decimals(mean),
  reference ? range(reference) : '-',
  deviation ? percent(deviation.median) : '-',
  deviation ? percent(deviation.mean) : '-',
];

/** What was measured, method by method and step by step, beside the figures of reference. */
export function comparisonTable<S extends StudySettings>(
  study: StudyOutline<S>,
  results: Results<S>,
): string {
  const reference = study.reference(results.settings);
  const head = ['method', 'steps', 'median', 'mean', 'reference', 'median off by', 'mean off by'];
  const rows = compareWith(results, reference).map(row);
  const seeds = [...new Set(results.runs.map(({ seed }) => seed))];
  const notes = [
    `${study.measure} over ${results.runs[0].evaluation.tasks} test tasks, mean over ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`,
    reference
      ? `reference: ${reference.source} (their ${study.statistic})`
      : 'no figures of reference for these settings',
  ];
  return [...notes, '', table([head, ...rows])].join('\n');
}
