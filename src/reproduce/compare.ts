import type { Results } from './results.ts';
import type { Reference, StudySettings } from './study.ts';

/** What a method reached after some inner steps, over the seeds, beside the figure of reference. */
export interface Comparison {
  readonly method: string;
  readonly steps: number;
  /** Median and mean over the test tasks, each the mean over the seeds. */
  readonly median: number;
  readonly mean: number;
  /** The medians of the single seeds. */
  readonly medians: readonly number[];
  readonly means: readonly number[];
  /** The figure of reference, if there is one. */
  readonly reference?: { readonly low: number; readonly high: number };
  /** How far the median and the mean are from it, in its own unit: 0 within, 0.1 is 10 % above, -0.1 below. */
  readonly deviation?: { readonly median: number; readonly mean: number };
}

/** How far a value is outside of a range, as a share of the nearer end. */
export const deviation = (value: number, { low, high }: { low: number; high: number }): number =>
  value < low ? value / low - 1 : value > high ? value / high - 1 : 0;

const average = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;

/** All methods that have results, in the order in which they were asked for, step by step. */
export function compareWith(
  { methods, runs }: Results<StudySettings>,
  reference: Reference | undefined,
): Comparison[] {
  return methods.flatMap((method) => {
    const evaluations = runs.filter((run) => run.method === method).map((run) => run.evaluation.steps);
    if (evaluations.length === 0) return [];
    return evaluations[0].map(({ steps }, i) => {
      const medians = evaluations.map((evaluation) => evaluation[i].median);
      const means = evaluations.map((evaluation) => evaluation[i].mean);
      const [median, mean] = [average(medians), average(means)];
      const figure = reference?.figures.find((f) => f.method === method && f.steps === steps);
      return {
        method,
        steps,
        median,
        mean,
        medians,
        means,
        ...(figure && {
          reference: { low: figure.low, high: figure.high },
          deviation: { median: deviation(median, figure), mean: deviation(mean, figure) },
        }),
      };
    });
  });
}
