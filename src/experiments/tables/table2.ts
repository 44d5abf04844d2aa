import { published, type Variant } from '../grid.ts';
import type { Collected, Experiment, Table } from '../report.ts';
import { mean, variance } from '../statistics.ts';
import { counted, keptEpoch, keptNote, measured, measureNames, resultsOf, valuesOf } from './shared.ts';

const few: Variant = { ...published, shots: 'few' };

/** Every task left out of meta-training in turn, then fine-tuned on: on its whole training part, and on 20 pictures. */
export const table2: Experiment = {
  name: 'table2',
  title: 'Table 2: every task left out in turn, fine-tuned in full and on few shots',
  variants: [published, few],
  report: (collected) => ({ tables: [table(collected)], plots: [] }),
};

function table(collected: Collected): Table {
  const { targets, seeds, settings } = collected.request;
  const ways = [
    { variant: published, name: 'all' },
    { variant: few, name: String(settings.fewShot.shots) },
  ];
  const rows = targets.flatMap((target) =>
    ways.map(({ variant, name }) => {
      const results = resultsOf(collected, variant, target);
      const aurocs = valuesOf(results, (result) => keptEpoch(result).test.auroc);
      return [target, name, counted(results), ...measured(results), Math.sqrt(variance(aurocs))];
    }),
  );
  const means = ways.map(({ variant, name }) => {
    const byTarget = targets.map((target) => measured(resultsOf(collected, variant, target)));
    const over = measureNames.map((_, i) => mean(byTarget.map((values) => values[i])));
    return ['mean of targets', name, counted(resultsOf(collected, variant)), ...over, Number.NaN];
  });
  return {
    name: 'table2',
    title: table2.title,
    notes: [
      keptNote,
      `means over ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}, with the standard deviation of the AUROC over them`,
      `shots: labelled pictures of the target's training part that are looked at, half of them defective where there are; a fifth of them to stop by, and references are normal ones of the rest`,
    ],
    columns: ['target', 'shots', 'cells', ...measureNames, 'sd of AUROC'],
    keys: 2,
    rows: [...rows, ...means],
  };
}
