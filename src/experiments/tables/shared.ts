import { bestOf, type Epoch } from '../../medetection/index.ts';
import { type Measure, measures } from '../../metrics/index.ts';
import type { FineTuneResult } from '../cell.ts';
import type { Trial, Variant } from '../grid.ts';
import type { Collected } from '../report.ts';
import { mean } from '../statistics.ts';

/** The measures of tables: all that is shown elsewhere, and what the authors' code reports as AUROC. */
export const testMeasures: readonly Measure[] = [
  ...measures,
  ['AUROC of decisions', (test) => test.aurocOfDecisions],
];

export const measureNames = testMeasures.map(([name]) => name);

/** The epoch that fine-tuning keeps: the one of the lowest validation loss. */
export const keptEpoch = ({ epochs }: FineTuneResult): Epoch => bestOf(epochs);

/** What trials that may be missing measure, NaN for those. */
export const valuesOf = (
  results: readonly (FineTuneResult | undefined)[],
  of: (result: FineTuneResult) => number,
): number[] => results.map((result) => (result === undefined ? Number.NaN : of(result)));

/** Every measure of the kept epochs, by `reduce` over the results that are there. */
export const measured = (
  results: readonly (FineTuneResult | undefined)[],
  reduce: (values: readonly number[]) => number = mean,
): number[] =>
  testMeasures.map(([, of]) => reduce(valuesOf(results, (result) => of(keptEpoch(result).test))));

/** `2 of 3`, of results that may be missing. */
export const counted = (results: readonly (object | undefined)[]): string =>
  `${results.filter((result) => result !== undefined).length} of ${results.length}`;

/** The results of a variant: of one target over the seeds, or of all targets and seeds. */
export const resultsOf = (
  { request, resultOf }: Collected,
  variant: Variant,
  target?: string,
): (FineTuneResult | undefined)[] =>
  (target === undefined ? request.targets : [target]).flatMap((name) =>
    request.seeds.map((seed): FineTuneResult | undefined => {
      const trial: Trial = { ...variant, target: name, seed };
      return resultOf(trial);
    }),
  );

/** Results of several variants, of one target or of all, of those targets and seeds alone that all variants have. */
export function commonResults(
  collected: Collected,
  variants: readonly Variant[],
  target?: string,
): FineTuneResult[][] {
  const all = variants.map((variant) => resultsOf(collected, variant, target));
  return all.map((results) =>
    results.filter((_, i): boolean => all.every((other) => other[i] !== undefined)),
  ) as FineTuneResult[][];
}

export const keptNote =
  'measured on the test part, at the epoch of the lowest validation loss; a picture is called defective from probability 1/2 on';
