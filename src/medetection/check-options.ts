import type { FineTuneOptions } from './fine-tune.ts';
import type { MetaTrainOptions } from './meta-train.ts';

/** What a field may be: whether a value is, and in words. */
interface Rule {
  readonly allows: (value: unknown) => boolean;
  readonly words: string;
}
/** A rule for every field, so that none is forgotten. */
type Rules<T> = { readonly [K in keyof T]-?: Rule };

const integer = (least: number): Rule => ({
  allows: (value) => Number.isSafeInteger(value) && (value as number) >= least,
  words: `an integer of at least ${least}`,
});
const positive: Rule = {
  allows: (value) => Number.isFinite(value) && (value as number) > 0,
  words: 'a number above 0',
};
const fraction: Rule = {
  allows: (value) => typeof value === 'number' && value >= 0 && value < 1,
  words: 'a number from 0 to below 1',
};
const oneOf = (...values: readonly unknown[]): Rule => ({
  allows: (value) => values.includes(value),
  words: `one of ${values.join(', ')}`,
});

const metaTrainRules: Rules<MetaTrainOptions> = {
  iterations: integer(1),
  tasksPerStep: integer(1),
  support: integer(2),
  query: integer(1),
  queryMix: oneOf('balanced', 'natural'),
  innerRate: positive,
  innerSteps: integer(1),
  order: oneOf(1, 2),
  adapts: oneOf('all', 'head'),
  outerRate: positive,
  beta1: fraction,
};

const fineTuneRules: Rules<FineTuneOptions> = {
  epochs: integer(1),
  batch: integer(1),
  rate: positive,
  beta1: fraction,
  patience: integer(1),
  references: integer(1),
};

function check<T extends object>(rules: Rules<T>, options: T): T {
  for (const [name, { allows, words }] of Object.entries<Rule>(rules)) {
    const value = Object.hasOwn(options, name) ? options[name as keyof T] : undefined;
    if (!allows(value))
      throw new Error(
        `options: ${name} is ${value === undefined ? 'missing' : JSON.stringify(value)}; it must be ${words}`,
      );
  }
  return options;
}

/** @throws naming the field, its value and what is allowed. */
export const checkMetaTrainOptions = (options: MetaTrainOptions): MetaTrainOptions =>
  check(metaTrainRules, options);

/** @throws naming the field, its value and what is allowed. */
export const checkFineTuneOptions = (options: FineTuneOptions): FineTuneOptions =>
  check(fineTuneRules, options);
