import type { Summary } from './summary.ts';

/** A single-number metric and its name in tables. */
export type Measure = readonly [name: string, of: (summary: Summary) => number];

/** The metrics that every table shows. */
export const measures: readonly Measure[] = [
  ['accuracy', (test) => test.accuracy],
  ['recall', (test) => test.recall],
  ['precision', (test) => test.precision],
  ['F1', (test) => test.f1],
  ['AUROC', (test) => test.auroc],
];
