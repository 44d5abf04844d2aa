import { decisionRuleWords, isDecisionRule } from '../metrics/index.ts';
import {
  checkOptions,
  fraction,
  integer,
  listOf,
  oneOf,
  optional,
  positive,
  type Rules,
} from '../option-rules.ts';
import { type FineTuneOptions, referenceChoices } from './fine-tune.ts';
import {
  type Algorithm,
  algorithms,
  innerLosses,
  innerOptimisers,
  type MetaTrainOptions,
  taskOrders,
} from './meta-options.ts';

const metaTrainRules: Rules<MetaTrainOptions> = {
  iterations: integer(1),
  tasksPerStep: integer(1),
  taskOrder: oneOf(...taskOrders),
  support: integer(2),
  query: integer(1),
  queryMix: oneOf('balanced', 'natural'),
  algorithm: oneOf(...algorithms),
  innerRate: positive,
  innerSteps: integer(1),
  innerOptimiser: oneOf(...innerOptimisers),
  innerLoss: oneOf(...innerLosses),
  jointNorm: oneOf(true, false),
  scales: optional(listOf(integer(32))),
  zeroHead: oneOf(true, false),
  outerRate: positive,
  beta1: fraction,
  stepRates: oneOf(true, false),
  multiStepLoss: oneOf(true, false),
  annealOrder: oneOf(true, false),
  stepNorms: oneOf(true, false),
  stepStatistics: oneOf(true, false),
  cosineRate: oneOf(true, false),
  annealSteps: integer(1),
  lambda: positive,
  cgSteps: integer(1),
  explodes: positive,
  microBatch: optional(integer(1)),
  memoryBudget: optional(positive),
};

const fineTuneRules: Rules<FineTuneOptions> = {
  epochs: integer(1),
  batch: integer(1),
  rate: positive,
  headRate: optional(positive),
  beta1: fraction,
  patience: integer(1),
  references: integer(1),
  referenceChoice: oneOf(...referenceChoices),
  scales: optional(listOf(integer(32))),
  decide: { allows: isDecisionRule, words: decisionRuleWords },
  shots: optional(integer(4)),
  memoryBudget: optional(positive),
};

/** The names of all options. */
export const metaTrainFields = Object.keys(metaTrainRules);
export const fineTuneFields = Object.keys(fineTuneRules);

/** @throws naming the field, its value and what is allowed, or two that contradict each other. */
export function checkMetaTrainOptions(options: MetaTrainOptions): MetaTrainOptions {
  const { algorithm, zeroHead, innerLoss, innerOptimiser } = checkOptions(metaTrainRules, options);
  const against: Partial<Record<Algorithm, string>> = {
    boil: 'never adapts the head, and so through one of zeros nothing',
    imaml: 'keeps every parameter close to its initial value',
  };
  if (zeroHead && against[algorithm])
    throw new Error(
      `options: zeroHead has no place in ${algorithm}, which ${against[algorithm]}; leave out one of them`,
    );
  if (innerLoss === 'sum' && innerOptimiser === 'adam')
    throw new Error(
      'options: innerLoss sum has no effect with innerOptimiser adam, whose steps do not depend on the scale of the loss; leave out one of them',
    );
  if (innerLoss === 'sum' && algorithm === 'imaml')
    throw new Error(
      'options: innerLoss sum has no place in imaml, which weighs the mean loss against the distance to the initial parameters; divide lambda by the number of support pairs instead',
    );
  return options;
}

/** @throws naming the field, its value and what is allowed. */
export const checkFineTuneOptions = (options: FineTuneOptions): FineTuneOptions =>
  checkOptions(fineTuneRules, options);
