import { join } from 'node:path';
import { type Curve, linePlot, savePlot } from '../plot/index.ts';
import { compareWith } from './compare.ts';
import type { Results, RunResult } from './results.ts';
import type { StudyOutline, StudySettings } from './study.ts';

/** Names of the plots in a study's folder. */
const plotFiles = { adaptation: 'adaptation.svg', training: 'training.svg', tests: 'tests.svg' } as const;

/** The points of a run's curve: what was measured on the way and at the end, after the last of the inner steps. */
export const testCurve = (
  { tests, curve, evaluation }: RunResult,
  statistic: 'mean' | 'median',
): { x: number[]; y: number[] } => {
  const all = [...tests, { iteration: curve.iterations[curve.iterations.length - 1], evaluation }];
  return {
    x: all.map(({ iteration }) => iteration),
    y: all.map(({ evaluation: { steps } }) => steps[steps.length - 1][statistic]),
  };
};

/**
 * On a logarithmic axis, what is so many times as large as before adaptation is not drawn: a single task that diverged would
 * hide all others.
 */
const EXPLODED = 10;

/**
 * Draws what the methods reach after each inner step, how their training went, and what was measured on the way if the
 * study does so, into the study's folder. Returns the names of the files.
 * @throws when the package that draws is not installed.
 */
export async function drawStudy<S extends StudySettings>(
  study: StudyOutline<S>,
  folder: string,
  results: Results<S>,
): Promise<string[]> {
  const reference = study.reference(results.settings);
  const { statistic, measure, logarithmic } = study;
  const compared = compareWith(results, reference);
  const methods = results.methods.filter((method) => results.runs.some((run) => run.method === method));
  const atStart = compared.filter(({ steps }) => steps === 0).map((row) => row[statistic]);
  const shown = logarithmic ? EXPLODED * Math.max(...atStart) : Number.POSITIVE_INFINITY;
  const reached = methods.map((method): Curve => {
    const rows = compared.filter((row) => row.method === method && row[statistic] <= shown);
    return { name: method, x: rows.map(({ steps }) => steps), y: rows.map((row) => row[statistic]) };
  });
  const published = methods.flatMap((method): Curve[] => {
    const figures = reference?.figures.filter((figure) => figure.method === method) ?? [];
    if (figures.length === 0) return [];
    return [
      {
        name: `${method}, reference`,
        x: figures.map(({ steps }) => steps),
        y: figures.map(({ low, high }) => (low + high) / 2),
        dashed: true,
      },
    ];
  });
  await savePlot(
    join(folder, plotFiles.adaptation),
    await linePlot({
      title: study.title,
      x: { label: 'inner steps' },
      y: { label: `${statistic} ${measure} over test tasks`, log: logarithmic },
      series: [...reached, ...published],
    }),
  );
  await savePlot(
    join(folder, plotFiles.training),
    await linePlot({
      title: `${study.title}: meta-training`,
      x: { label: 'meta-steps' },
      y: { label: 'loss', log: true },
      series: results.runs.map(({ method, seed, curve }) => ({
        name: `${method}, seed ${seed}`,
        x: curve.iterations,
        y: curve.losses,
      })),
    }),
  );
  const drawn: string[] = [plotFiles.adaptation, plotFiles.training];
  if (results.runs.every(({ tests }) => tests.length === 0)) return drawn;
  await savePlot(
    join(folder, plotFiles.tests),
    await linePlot({
      title: `${study.title}: test tasks in the course of meta-training`,
      x: { label: 'meta-steps' },
      y: { label: `${statistic} ${measure} over test tasks`, log: logarithmic },
      series: results.runs.map((run) => ({
        name: `${run.method}, seed ${run.seed}`,
        ...testCurve(run, statistic),
      })),
    }),
  );
  return [...drawn, plotFiles.tests];
}
