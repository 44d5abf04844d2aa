import { checkMapMethod, defaultExplain, type MapMethod } from '../explain/index.ts';
import {
  checkPreset,
  defaultFineTune,
  defaultMetaTrain,
  defaultModel,
  type FineTuneOptions,
  fineTuneFields,
  type MetaTrainOptions,
  type ModelConfig,
  metaTrainFields,
  presets,
} from '../medetection/index.ts';

/** All that decides how large an experiment is and how long it takes. */
export interface Scale {
  /** Attention and the reference branch are the experiments' own. */
  readonly model: ModelConfig;
  readonly metaTrain: MetaTrainOptions;
  /** As many epochs for every start: the best by validation is kept, but none is stopped early (`patience` is `epochs`). */
  readonly fineTune: FineTuneOptions;
  readonly fewShot: FineTuneOptions;
  /** At most so many pictures of each class of a task are learned from by meta-training; 0: all. */
  readonly maxPerClass: number;
  /** The same of the target, for fine-tuning and test: more, since the figures are no surer than the test part is large. */
  readonly targetMaxPerClass: number;
  /** Meta-steps between two saves of the state. */
  readonly checkpointEvery: number;
  /** Test pictures per target in the panels of figure 5. */
  readonly panels: number;
  /** How the maps of figure 5 are made. */
  readonly maps: MapMethod;
}

export const scaleNames = ['small', 'medium', 'paper'] as const;
export type ScaleName = (typeof scaleNames)[number];

/** Options by which every start is trained for all epochs. */
const toTheEnd = (options: FineTuneOptions): FineTuneOptions => ({ ...options, patience: options.epochs });

/** Two processor cores: minutes for a meta-training with its fine-tunings. */
const small: Scale = {
  model: { ...defaultModel, size: 64, width: 16 },
  metaTrain: {
    ...defaultMetaTrain,
    iterations: 200,
    tasksPerStep: 2,
    support: 10,
    query: 10,
    outerRate: 2e-3,
  },
  fineTune: toTheEnd({ ...defaultFineTune, epochs: 6, batch: 16, rate: 1e-3 }),
  fewShot: toTheEnd({ ...defaultFineTune, epochs: 20, batch: 8, rate: 1e-3, references: 2, shots: 20 }),
  maxPerClass: 100,
  targetMaxPerClass: 250,
  checkpointEvery: 25,
  panels: 6,
  maps: { method: defaultExplain.method, shift: defaultExplain.shift },
};

/** One GPU, or a night on many cores. */
const medium: Scale = {
  ...small,
  model: { ...defaultModel, size: 128, width: 32 },
  metaTrain: { ...defaultMetaTrain, iterations: 1000, tasksPerStep: 4, support: 20, query: 20 },
  fineTune: toTheEnd({ ...defaultFineTune, epochs: 15, batch: 32, rate: 5e-4 }),
  fewShot: toTheEnd({ ...small.fewShot, epochs: 40, rate: 5e-4 }),
  maxPerClass: 0,
  targetMaxPerClass: 0,
  checkpointEvery: 50,
};

/** The preset of the paper at full size, with all epochs of fine-tuning. */
const paper: Scale = {
  ...medium,
  ...presets.paper,
  fineTune: toTheEnd({ ...presets.paper.fineTune, epochs: 50 }),
  fewShot: toTheEnd({ ...presets.paper.fineTune, epochs: 100, batch: 8, references: 2, shots: 20 }),
  checkpointEvery: 100,
};

export const scales: Readonly<Record<ScaleName, Scale>> = { small, medium, paper };

/** The settings that are numbers of their own, with the least that each can be. */
const leastOf = { maxPerClass: 0, targetMaxPerClass: 0, checkpointEvery: 1, panels: 1 } as const;

/** Settings that are not for changing, and why. */
const fixed: Readonly<Record<string, string>> = {
  'model.attention': 'the experiments choose it',
  'model.siamese': 'the experiments choose it',
  'fineTune.patience': 'none is stopped early',
  'fewShot.patience': 'none is stopped early',
  'fineTune.shots': 'the experiments choose between fineTune, which has all pictures, and fewShot',
};

/** The names of all settings that can be changed. */
const settingNames: readonly string[] = [
  ...Object.keys(defaultModel).map((name) => `model.${name}`),
  ...metaTrainFields.map((name) => `metaTrain.${name}`),
  ...['fineTune', 'fewShot'].flatMap((part) => fineTuneFields.map((name) => `${part}.${name}`)),
  ...Object.keys(leastOf),
  'maps.method',
  'maps.shift',
].filter((name) => !(name in fixed));

/**
 * Checks a scale whose settings were changed.
 * @throws naming the setting, its value and what is allowed.
 */
export function checkScale(scale: Scale): Scale {
  const { model, metaTrain } = scale;
  for (const fineTune of [scale.fineTune, scale.fewShot]) checkPreset({ model, metaTrain, fineTune });
  if (scale.fewShot.shots === undefined) throw new Error('scale: fewShot has no shots');
  for (const [name, least] of Object.entries(leastOf) as [keyof typeof leastOf, number][])
    if (!Number.isSafeInteger(scale[name]) || scale[name] < least)
      throw new Error(`scale: ${name} is ${scale[name]}; it must be an integer of at least ${least}`);
  checkMapMethod(scale.maps);
  return scale;
}

/**
 * A scale with single settings changed, as `metaTrain.iterations=300`.
 * @throws naming the setting that there is not, or is not for changing, or its value and what is allowed.
 */
export function changedScale(scale: Scale, changes: readonly string[]): Scale {
  const changed = structuredClone(scale) as unknown as Record<string, unknown>;
  for (const change of changes) {
    const [, path = '', text = ''] = /^([\w.]+)=(.*)$/.exec(change) ?? [];
    if (Object.hasOwn(fixed, path)) throw new Error(`scale: "${change}" cannot be asked for: ${fixed[path]}`);
    if (!settingNames.includes(path))
      throw new Error(
        `scale: "${change}" changes no setting; write one as name=value, of ${settingNames.join(', ')}`,
      );
    const names = path.split('.');
    const last = names.pop() as string;
    const owner = names.reduce((part, name) => part[name] as Record<string, unknown>, changed);
    owner[last] = parsed(text);
  }
  const { fineTune, fewShot, ...others } = changed as unknown as Scale;
  return checkScale({ ...others, fineTune: toTheEnd(fineTune), fewShot: toTheEnd(fewShot) });
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text; // A word, such as an algorithm's name.
  }
};
