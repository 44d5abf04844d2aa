import type { Summary } from '../../metrics/index.ts';
import { type Curve, linePlot } from '../../plot/index.ts';
import type { Variant } from '../grid.ts';
import type { Collected, Experiment, Plot, Table } from '../report.ts';
import { mean } from '../statistics.ts';
import { commonResults } from './shared.ts';
import { table3 } from './table3.ts';

const names: Readonly<Record<Variant['start'], string>> = { random: 'random start', maml: 'MAML start' };
const curves: readonly (readonly [name: string, of: (test: Summary) => number])[] = [
  ['recall', (test) => test.recall],
  ['AUROC', (test) => test.auroc],
];

/** Recall against epoch from both starts; beside it the AUROC, since whoever calls everything defective recalls all. */
export const figure4: Experiment = {
  name: 'figure4',
  title: 'Figure 4: recall against the epoch of fine-tuning, from both starts',
  variants: table3.variants,
  report: (collected) => {
    const { targets } = collected.request;
    const each = targets.length > 1 ? targets : [];
    return {
      tables: [table(collected)],
      plots: curves.flatMap(([name, of]) => [
        plot(collected, name, of),
        ...each.map((target) => plot(collected, name, of, target)),
      ]),
    };
  },
};

/** By variant, the mean of a measure after every epoch, over the targets and seeds that both starts have. */
function means(collected: Collected, of: (test: Summary) => number, target?: string): number[][] {
  return commonResults(collected, figure4.variants, target).map((finished) => {
    const epochs = Math.max(0, ...finished.map((result) => result.epochs.length));
    return Array.from({ length: epochs }, (_, i) =>
      mean(finished.map((result) => (result.epochs[i] ? of(result.epochs[i].test) : Number.NaN))),
    );
  });
}

const plot = (collected: Collected, name: string, of: (test: Summary) => number, target?: string): Plot => ({
  name: ['figure4', name.toLowerCase(), ...(target === undefined ? [] : [target])].join('-'),
  draw: () =>
    linePlot({
      title: `${name} on the test part, ${target ?? 'mean over targets and seeds'}`,
      x: { label: 'epoch of fine-tuning' },
      y: { label: name },
      series: means(collected, of, target).map(
        (y, i): Curve => ({
          name: names[figure4.variants[i].start],
          x: y.map((_, epoch) => epoch),
          y,
          dashed: figure4.variants[i].start === 'random',
        }),
      ),
    }),
});

function table(collected: Collected): Table {
  const { targets, seeds } = collected.request;
  const byCurve = curves.map(([, of]) => means(collected, of));
  const epochs = Math.max(0, ...byCurve.flat().map((y) => y.length));
  return {
    name: 'figure4',
    title: figure4.title,
    notes: [
      `means over targets and seeds: the ${commonResults(collected, figure4.variants)[0].length} of ${targets.length * seeds.length} that both starts have; epoch 0 is before the first step`,
    ],
    columns: [
      'epoch',
      ...curves.flatMap(([name]) => figure4.variants.map(({ start }) => `${name}, ${names[start]}`)),
    ],
    keys: 1,
    rows: Array.from({ length: epochs }, (_, epoch) => [
      String(epoch),
      ...byCurve.flatMap((starts) => starts.map((y) => y[epoch] ?? Number.NaN)),
    ]),
  };
}
