import type { AttentionPlacement } from '../medetection/index.ts';
import {
  type Cell,
  type FineTuneCell,
  hashOf,
  type LocaliseCell,
  type MetaTrainCell,
  type Start,
} from './cell.ts';
import type { Request } from './request.ts';

/** One way to make a detector, to be measured on every target from every seed. */
export interface Variant {
  readonly attention: AttentionPlacement;
  /** Whether a reference is compared with; without is the paper's -SN. */
  readonly siamese: boolean;
  readonly start: Start;
  /** Fine-tuned on the whole training part, or on a few shots of it. */
  readonly shots: 'all' | 'few';
}

/** The published detector. */
export const published: Variant = { attention: 'low', siamese: true, start: 'maml', shots: 'all' };

/** A variant on a target from a seed: one fine-tuning. */
export interface Trial extends Variant {
  readonly target: string;
  readonly seed: number;
}

const network = ({ attention, siamese }: Variant): string => `ca-${attention}${siamese ? '' : '-no-sn'}`;

const metaTrainId = (trial: Trial): string =>
  `meta-train.${trial.target}.${network(trial)}.seed-${trial.seed}`;

/** The ID of the cell that looks where detectors from both starts see defects. */
export const localiseId = (target: string, seed: number): string => `localise.${target}.seed-${seed}`;

/** The ID of a trial's cell. */
export const trialId = (trial: Trial): string =>
  `fine-tune.${trial.target}.${network(trial)}.${trial.start}.${trial.shots}.seed-${trial.seed}`;

/** All trials: of the first seed first, so that a whole table is there early. */
export const trialsOf = (
  variants: readonly Variant[],
  targets: readonly string[],
  seeds: readonly number[],
): Trial[] =>
  seeds.flatMap((seed) =>
    targets.flatMap((target) => variants.map((variant) => ({ ...variant, target, seed }))),
  );

/** What all cells of an experiment have in common. */
type Setting = Pick<Request, 'data' | 'settings' | 'leaveOutDataset'>;

const capped = (most: number): { maxPerClass?: number } => (most > 0 ? { maxPerClass: most } : {});

/** The cells of trials, each once, those that are needed before those that need them. */
export function cellsOf(
  trials: readonly Trial[],
  { data, settings: scale, leaveOutDataset }: Setting,
): Cell[] {
  const cells = new Map<string, Cell>();
  for (const trial of trials) {
    const common = {
      data,
      target: trial.target,
      seed: trial.seed,
      model: { ...scale.model, attention: trial.attention, siamese: trial.siamese },
    };
    const needs: Cell[] = [];
    if (trial.start === 'maml') {
      const { metaTrain: options, checkpointEvery } = scale;
      const id = metaTrainId(trial);
      const cell: MetaTrainCell = {
        id,
        kind: 'meta-train',
        needs: [],
        ...common,
        ...capped(scale.maxPerClass),
        options,
        ...(leaveOutDataset && { leaveOutDataset }),
        checkpointEvery,
      };
      cells.set(id, cell);
      needs.push(cell);
    }
    const cell: FineTuneCell = {
      id: trialId(trial),
      kind: 'fine-tune',
      needs: needs.map((need) => ({ id: need.id, hash: hashOf(need) })),
      ...common,
      ...capped(scale.targetMaxPerClass),
      options: trial.shots === 'few' ? scale.fewShot : scale.fineTune,
      init: needs[0]?.id ?? 'random',
    };
    cells.set(cell.id, cell);
  }
  return [...cells.values()];
}

/** The cells that look where the published detector sees defects from both starts, after the cells that they need. */
export function localiseCells(
  targets: readonly string[],
  seeds: readonly number[],
  setting: Setting,
): Cell[] {
  const { data, settings } = setting;
  return seeds.flatMap((seed) =>
    targets.flatMap((target) => {
      const trial = { ...published, target, seed };
      const trials: Record<Start, Trial> = { random: { ...trial, start: 'random' }, maml: trial };
      const cells = cellsOf(Object.values(trials), setting);
      const detectors = { random: trialId(trials.random), maml: trialId(trials.maml) };
      const needed = cells.filter(({ id }) => Object.values(detectors).includes(id));
      const cell: LocaliseCell = {
        id: localiseId(target, seed),
        kind: 'localise',
        needs: needed.map((need) => ({ id: need.id, hash: hashOf(need) })),
        data,
        target,
        seed,
        detectors,
        panels: settings.panels,
        maps: settings.maps,
      };
      return [...cells, cell];
    }),
  );
}
