import { checkOptions, fraction, integer, oneOf, positive, type Rules } from '../option-rules.ts';
import type { FineTuneOptions } from './fine-tune.ts';
import type { MetaTrainOptions } from './meta-train.ts';

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

/** @throws naming the field, its value and what is allowed. */
export const checkMetaTrainOptions = (options: MetaTrainOptions): MetaTrainOptions =>
  checkOptions(metaTrainRules, options);

/** @throws naming the field, its value and what is allowed. */
export const checkFineTuneOptions = (options: FineTuneOptions): FineTuneOptions =>
  checkOptions(fineTuneRules, options);
