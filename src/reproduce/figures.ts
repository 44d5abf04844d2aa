import { join } from 'node:path';
import { type Curve, linePlot, savePlot } from '../plot/index.ts';
import { compareWith } from './compare.ts';
import type { Results } from './results.ts';
import type { StudyOutline, StudySettings } from './study.ts';

/** Names of the plots in a study's folder. */
export const plotFiles = { adaptation: 'adaptation.svg', training: 'training.svg' } as const;

/** What is so many times as large as before adaptation is not drawn: a single task that diverged would hide all others. */
const EXPLODED = 10;

/**
 * Draws what the methods reach after each inner step, and how their training went, into the study's folder.
 * @throws when the package that draws is not installed.
 */
export async function drawStudy<S extends StudySettings>(
  study: StudyOutline<S>,
  folder: string,
  results: Results<S>,
): Promise<void> {
  const reference = study.reference(results.settings);
  const statistic = reference?.statistic ?? 'median';
  const compared = compareWith(results, reference);
  const methods = results.methods.filter((method) => results.runs.some((run) => run.method === method));
  const shown =
    EXPLODED * Math.max(...compared.filter(({ steps }) => steps === 0).map((row) => row[statistic]));
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
      y: { label: `${statistic} ${study.measure} over test tasks`, log: true },
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
}
