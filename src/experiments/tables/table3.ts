import type { FineTuneResult, Start } from '../cell.ts';
import { published, type Variant } from '../grid.ts';
import type { Collected, Experiment, Table } from '../report.ts';
import { epochsToSmooth, mean, paired, SMOOTH } from '../statistics.ts';
import {
  commonResults,
  counted,
  keptEpoch,
  keptNote,
  measured,
  measureNames,
  resultsOf,
  valuesOf,
} from './shared.ts';

const startNames: Readonly<Record<Start, string>> = { random: 'random', maml: 'MAML' };
const variants: readonly Variant[] = (['random', 'maml'] as const).map((start) => ({ ...published, start }));

/** Fine-tuning from random weights and from meta-trained ones. */
export const table3: Experiment = {
  name: 'table3',
  title: 'Table 3: fine-tuning from random weights and from the meta-trained ones',
  variants,
  report: (collected) => ({ tables: [byTarget(collected), differences(collected)], plots: [] }),
};

const aurocAt =
  (epoch: number) =>
  ({ epochs }: FineTuneResult): number =>
    epochs.at(epoch)?.test.auroc ?? Number.NaN;
const smoothAfter = ({ epochs }: FineTuneResult): number =>
  epochsToSmooth(epochs.slice(1).map(({ trainLoss }) => trainLoss));

/** What the two starts are compared by, and whether less is better. */
const compared: readonly {
  readonly name: string;
  readonly of: (result: FineTuneResult) => number;
  readonly lessIsBetter?: true;
}[] = [
  { name: 'AUROC before the first epoch', of: aurocAt(0) },
  { name: 'AUROC after epoch 1', of: aurocAt(1) },
  { name: 'AUROC after the last epoch', of: aurocAt(-1) },
  { name: 'AUROC of the kept epoch', of: (result) => keptEpoch(result).test.auroc },
  { name: 'recall of the kept epoch', of: (result) => keptEpoch(result).test.recall },
  { name: 'F1 of the kept epoch', of: (result) => keptEpoch(result).test.f1 },
  { name: 'epochs to a smooth loss', of: smoothAfter, lessIsBetter: true },
];

/** How many trainings have not become smooth. */
const neverSmooth = (epochs: readonly number[]): number =>
  epochs.filter((value) => value === Number.POSITIVE_INFINITY).length;

const smoothNote = `epochs to a smooth loss: the first epoch from which on the mean training loss of three epochs changes by less than ${100 * SMOOTH} % per epoch, to the end`;

/** The mean of those that became smooth, and how many did not. */
function smoothness(results: readonly (FineTuneResult | undefined)[]): string {
  const epochs = valuesOf(results, smoothAfter).filter((value) => !Number.isNaN(value));
  const reached = epochs.filter(Number.isFinite);
  const never = neverSmooth(epochs);
  return [reached.length > 0 ? mean(reached).toFixed(1) : '-', ...(never > 0 ? [`(${never} not)`] : [])].join(
    ' ',
  );
}

function byTarget(collected: Collected): Table {
  const rows = collected.request.targets.flatMap((target) =>
    variants.map((variant) => {
      const results = resultsOf(collected, variant, target);
      return [
        target,
        startNames[variant.start],
        counted(results),
        ...measured(results),
        ...[0, 1, -1].map((epoch) => mean(valuesOf(results, aurocAt(epoch)))),
        smoothness(results),
      ];
    }),
  );
  return {
    name: 'table3',
    title: table3.title,
    notes: [keptNote, smoothNote, 'means over the seeds'],
    columns: [
      'target',
      'start',
      'cells',
      ...measureNames,
      'AUROC at 0',
      'AUROC at 1',
      'AUROC at last',
      'epochs to smooth',
    ],
    keys: 2,
    rows,
  };
}

/** Over which pairs the difference of the epochs to a smooth loss is. */
function smoothPairs(collected: Collected): string {
  const [random, maml] = variants.map((variant) => valuesOf(resultsOf(collected, variant), smoothAfter));
  const { pairs, finite } = paired(maml, random);
  return `epochs to a smooth loss: difference and sd over the ${finite} of ${pairs} pairs in which both become smooth; ${neverSmooth(random)} from random weights and ${neverSmooth(maml)} from MAML never do, which is behind whatever does, and a target's mean is infinite with one of them`;
}

function differences(collected: Collected): Table {
  const { targets } = collected.request;
  const [random, maml] = variants;
  const rows = compared.map(({ name, of, lessIsBetter }) => {
    const [from, to] = [random, maml].map((variant) => valuesOf(resultsOf(collected, variant), of));
    const { pairs, mean: difference, deviation, larger, equal, smaller } = paired(to, from);
    const perTarget = targets.map((target) => {
      const [before, after] = commonResults(collected, variants, target).map((results) =>
        mean(valuesOf(results, of)),
      );
      return lessIsBetter ? before - after : after - before;
    });
    const ahead = perTarget.filter((value) => value > 0).length;
    const [better, worse] = lessIsBetter ? [smaller, larger] : [larger, smaller];
    return [
      name,
      String(pairs),
      difference,
      deviation,
      ...[better, equal, worse].map(String),
      `${ahead} of ${perTarget.filter((value) => !Number.isNaN(value)).length}`,
    ];
  });
  return {
    name: 'table3-differences',
    title: 'MAML against random: differences of the same target and seed',
    notes: [
      'difference: MAML less random, so that more is better of all but the epochs; ahead is what is better',
      smoothPairs(collected),
      'targets ahead: by the means over the seeds that both starts have, of the targets whose means can be compared',
    ],
    columns: ['measure', 'pairs', 'difference', 'sd', 'MAML ahead', 'level', 'behind', 'targets ahead'],
    keys: 1,
    rows,
  };
}
