import { published, type Variant } from '../grid.ts';
import type { Collected, Experiment, Table } from '../report.ts';
import { paired } from '../statistics.ts';
import { commonResults, keptEpoch, keptNote, measured, measureNames, valuesOf } from './shared.ts';

const ablations = [
  { name: 'full', change: {} },
  { name: '-SN', change: { siamese: false } },
  { name: '-CA', change: { attention: 'none' } },
  { name: '-SN -CA', change: { siamese: false, attention: 'none' } },
] as const;
const starts = ['random', 'maml'] as const;
const variantsFrom = (start: Variant['start']): Variant[] =>
  ablations.map(({ change }) => ({ ...published, ...change, start }));
const variants = starts.flatMap(variantsFrom);

/** The detector without its reference branch, without coordinate attention, and without both, from both starts. */
export const table5: Experiment = {
  name: 'table5',
  title: 'Table 5: without the siamese branch (-SN), without coordinate attention (-CA)',
  variants,
  report: (collected) => ({ tables: [table(collected)], plots: [] }),
};

function table(collected: Collected): Table {
  const { targets, seeds } = collected.request;
  const results = commonResults(collected, variants);
  const aurocs = results.map((of) => valuesOf(of, (result) => keptEpoch(result).test.auroc));
  const besideFull = (i: number) => paired(aurocs[i], aurocs[i - (i % ablations.length)]);
  const rows = variants.map(({ start }, i) => {
    const full = i - (i % ablations.length);
    const { mean, smaller, pairs } = besideFull(i);
    return [
      ablations[i - full].name,
      start === 'maml' ? 'MAML' : 'random',
      ...measured(results[i]),
      ...(i === full ? ['', ''] : [mean, `${smaller} of ${pairs}`]),
    ];
  });
  return {
    name: 'table5',
    title: table5.title,
    notes: [
      keptNote,
      `means over targets and seeds: the ${results[0].length} of ${targets.length * seeds.length} that all rows have`,
      'the last columns compare the AUROC with that of the full detector from the same start, target by target and seed by seed',
      ...starts.flatMap((start) => {
        const { mean, smaller, pairs } = besideFull(
          variants.findIndex((v) => v.start === start && !v.siamese && v.attention !== 'none'),
        );
        if (pairs === 0) return [];
        const from = start === 'maml' ? 'meta-trained' : 'random';
        return [
          mean < 0
            ? `without the siamese branch the AUROC falls, as the paper says: from ${from} weights by ${(-mean).toFixed(3)} on average, in ${smaller} of ${pairs} pairs`
            : `without the siamese branch the AUROC does not fall, other than the paper says: from ${from} weights it is higher by ${mean.toFixed(3)} on average, lower in ${smaller} of ${pairs} pairs`,
        ];
      }),
    ],
    columns: ['detector', 'start', ...measureNames, 'AUROC less full', 'behind full'],
    keys: 2,
    rows,
  };
}
