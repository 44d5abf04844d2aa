import { attentionPlacements } from '../../medetection/index.ts';
import { published } from '../grid.ts';
import type { Collected, Experiment, Table } from '../report.ts';
import { mean, variance } from '../statistics.ts';
import { commonResults, keptNote, measured, measureNames } from './shared.ts';

const variants = attentionPlacements.map((attention) => ({ ...published, attention }));

/** Where coordinate attention stands. */
export const table4: Experiment = {
  name: 'table4',
  title: 'Table 4: where coordinate attention stands',
  variants,
  report: (collected) => ({ tables: [table(collected)], plots: [] }),
};

function table(collected: Collected): Table {
  const results = commonResults(collected, variants);
  const { targets, seeds } = collected.request;
  return {
    name: 'table4',
    title: table4.title,
    notes: [
      keptNote,
      `mean and variance (by n - 1) over targets and seeds: the ${results[0].length} of ${targets.length * seeds.length} that all placements have`,
    ],
    columns: ['attention', 'statistic', ...measureNames],
    keys: 2,
    rows: variants.flatMap(({ attention }, i) => [
      [attention, 'mean', ...measured(results[i], mean)],
      [attention, 'variance', ...measured(results[i], variance).map(scientific)],
    ]),
  };
}

/** Variances are small: two digits that count, whatever their size. */
const scientific = (value: number): string => (Number.isNaN(value) ? '-' : value.toExponential(1));
