import { localisationMeasures, mapWords } from '../../explain/index.ts';
import type { LocaliseResult, Start } from '../cell.ts';
import { localiseId } from '../grid.ts';
import type { Collected, Experiment, Table } from '../report.ts';
import { mean } from '../statistics.ts';
import { counted } from './shared.ts';
import { table3 } from './table3.ts';

const starts: readonly (readonly [start: Start, name: string])[] = [
  ['random', 'random'],
  ['maml', 'MAML'],
];
/** Where detectors from both starts see defects: maps at the first block, side by side. */
export const figure5: Experiment = {
  name: 'figure5',
  title: 'Figure 5: where detectors from both starts see defects',
  variants: table3.variants,
  localise: true,
  report: (collected) => ({ tables: [table(collected)], plots: [], pictures: pictures(collected) }),
};

const resultsOf = ({ request, localisedOf }: Collected, target: string): (LocaliseResult | undefined)[] =>
  request.seeds.map((seed) => localisedOf(target, seed));

/** How the maps of the cells were made. */
const methodsOf = (collected: Collected): string => {
  const results = collected.request.targets.flatMap((target) => resultsOf(collected, target));
  return (
    [...new Set(results.flatMap((result) => (result ? mapWords(result.cell.maps) : [])))].join('; ') || 'maps'
  );
};

function table(collected: Collected): Table {
  return {
    name: 'figure5',
    title: figure5.title,
    notes: [
      `${methodsOf(collected)}, at the first block, against the masks of the test part; "-" where a task has no masks`,
      'panels: picture, reference, map from random weights, map from meta-trained ones, mask if there is one',
    ],
    columns: ['target', 'start', 'cells', ...localisationMeasures.map(([name]) => name)],
    keys: 2,
    rows: collected.request.targets.flatMap((target) => {
      const results = resultsOf(collected, target);
      return starts.map(([start, name]) => [
        target,
        name,
        counted(results),
        ...localisationMeasures.map(([, of]) =>
          mean(results.map((result) => (result?.measured ? of(result.measured[start]) : Number.NaN))),
        ),
      ]);
    }),
  };
}

const pictures = ({ request: { targets, seeds }, localisedOf }: Collected) =>
  targets.flatMap((target) =>
    seeds.flatMap((seed) =>
      (localisedOf(target, seed)?.panels ?? []).map((file) => ({
        name: `${target}-seed-${seed}-${file}`,
        cell: localiseId(target, seed),
        file,
      })),
    ),
  );
