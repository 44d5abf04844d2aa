import { Option } from 'commander';
import {
  algorithms,
  attentionPlacements,
  duplicatePolicies,
  type FineTuneOptions,
  heads,
  innerLosses,
  innerOptimisers,
  type MetaTrainOptions,
  type ModelConfig,
  networks,
  pixelNormalisations,
  referenceChoices,
  taskOrders,
} from '../medetection/index.ts';
import { decisionRule, type Flag, type Flags, fraction, integer, integers, positive } from './flags.ts';

export const modelFlags: Flags<ModelConfig> = {
  network: {
    flags: '--network <name>',
    help: "the paper's network, or that of the code published with it",
    choices: networks,
  },
  size: {
    flags: '--size <px>',
    help: 'side of the images: a multiple of 64, or 32; with a pyramid any from 64 on',
    parse: integer(1),
  },
  width: { flags: '--width <n>', help: 'channels of every block', parse: integer(1) },
  attention: {
    flags: '--attention <where>',
    help: `coordinate attention: ${attentionPlacements.join(', ')}`,
    choices: attentionPlacements,
  },
  siamese: { flags: '--no-siamese', help: 'judge the image alone, without a reference (the -SN ablation)' },
  head: {
    flags: '--head <kind>',
    help: 'linear: on the flattened last map; pyramid: on maxima over grids of it, for images of any size',
    choices: heads,
  },
  pixels: {
    flags: '--pixels <how>',
    help: `how pixels are centred and scaled: ${Object.keys(pixelNormalisations).join(', ')}`,
    choices: Object.keys(pixelNormalisations),
  },
  register: {
    flags: '--register',
    help: 'turn and shift each reference over its image first, for products that lie at any angle',
  },
};

const scales: Flag<readonly number[] | undefined> = {
  flags: '--scales <px,px...>',
  help: "sizes at which images are shown, one drawn for each step; in tests the mean over all counts (default: the model's size)",
  parse: integers(32),
};

const memoryBudget: Flag<number | undefined> = {
  flags: '--memory-budget <MiB>',
  help: 'most memory for a step: what does not fit is computed anew instead of kept (default: as much as it takes)',
  parse: positive,
};

export const metaTrainFlags: Flags<MetaTrainOptions> = {
  iterations: { flags: '--iterations <n>', help: 'meta-steps in all', parse: integer(1) },
  tasksPerStep: { flags: '--tasks-per-step <n>', help: 'tasks drawn for a meta-step', parse: integer(1) },
  taskOrder: {
    flags: '--task-order <how>',
    help: 'tasks of a step drawn anew, or one after another in the order of their names',
    choices: taskOrders,
  },
  support: { flags: '--support <n>', help: 'pairs to adapt on, per task', parse: integer(2) },
  query: { flags: '--query <n>', help: 'pairs to judge the adaptation by, per task', parse: integer(1) },
  queryMix: {
    flags: '--query-mix <how>',
    help: "query sets balanced, or in the task's natural proportion",
    choices: ['balanced', 'natural'],
  },
  algorithm: {
    flags: '--algorithm <name>',
    help: `how to learn to adapt: ${algorithms.join(', ')}`,
    choices: algorithms,
  },
  innerRate: { flags: '--inner-rate <x>', help: 'step size of the adaptation', parse: positive },
  innerSteps: {
    flags: '--inner-steps <n>',
    help: 'steps of the adaptation; of maml++ 5 unless given',
    parse: integer(1),
  },
  innerOptimiser: {
    flags: '--inner-optimiser <rule>',
    help: `rule of the adaptation: ${innerOptimisers.join(', ')}`,
    choices: innerOptimisers,
  },
  innerLoss: {
    flags: '--inner-loss <what>',
    help: "the mean of the support pairs' losses, or their sum as in the paper's eq. 3",
    choices: innerLosses,
  },
  jointNorm: {
    flags: '--joint-norm',
    help: 'normalise support and query pairs as one batch, as the published code does: the inner loop then sees the query set',
  },
  scales,
  zeroHead: { flags: '--zero-head', help: 'the linear head is zero whenever adaptation starts' },
  outerRate: { flags: '--outer-rate <x>', help: "Adam's rate of the meta-step", parse: positive },
  beta1: { flags: '--beta1 <x>', help: "Adam's beta1", parse: fraction },
  stepRates: {
    flags: '--no-step-rates',
    help: 'maml++ without learned rates for every tensor and inner step',
  },
  multiStepLoss: {
    flags: '--no-multi-step-loss',
    help: 'maml++ without query losses after every inner step',
  },
  annealOrder: { flags: '--no-anneal-order', help: 'maml++ of second order from the first meta-step on' },
  stepNorms: {
    flags: '--no-step-norms',
    help: 'maml++ without scales and shifts of the normalisations for every inner step',
  },
  stepStatistics: {
    flags: '--no-step-statistics',
    help: 'maml++ without running statistics of the normalisations for every inner step',
  },
  cosineRate: { flags: '--no-cosine-rate', help: 'maml++ with an outer rate that stays' },
  annealSteps: {
    flags: '--anneal-steps <n>',
    help: "meta-steps over which maml++ moves to the last step's loss, and to second order",
    parse: integer(1),
  },
  lambda: {
    flags: '--lambda <x>',
    help: "imaml's weight of the distance to the initial parameters",
    parse: positive,
  },
  cgSteps: { flags: '--cg-steps <n>', help: "imaml's steps of conjugate gradients", parse: integer(1) },
  explodes: {
    flags: '--explodes <x>',
    help: "end where an inner step adds more than so many times a tensor's norm",
    parse: positive,
  },
  microBatch: {
    flags: '--micro-batch <n>',
    help: 'tasks computed at once: fewer take less memory, and the meta-gradient is the same (default: all)',
    parse: integer(1),
  },
  memoryBudget,
};

export const fineTuneFlags: Flags<FineTuneOptions> = {
  epochs: { flags: '--epochs <n>', help: 'most epochs', parse: integer(1) },
  batch: { flags: '--batch <n>', help: 'pairs per step', parse: integer(1) },
  rate: { flags: '--rate <x>', help: "Adam's rate", parse: positive },
  beta1: { flags: '--beta1 <x>', help: "Adam's beta1", parse: fraction },
  headRate: {
    flags: '--head-rate <x>',
    help: "Adam's rate for the head (default: as the rest)",
    parse: positive,
  },
  scales,
  patience: {
    flags: '--patience <n>',
    help: 'stop after so many epochs without a lower validation loss',
    parse: integer(1),
  },
  references: {
    flags: '--references <n>',
    help: 'defect-free pictures to compare images with',
    parse: integer(1),
  },
  referenceChoice: {
    flags: '--reference-choice <how>',
    help: 'an image is compared with all references (fixed: the mean counts), or with one drawn for it (random)',
    choices: referenceChoices,
  },
  decide: {
    flags: '--decide <rule>',
    help: 'how the threshold is chosen on the validation part: f1, fpr:RATE, cost:RATIO of a miss to a false alarm, or a number',
    parse: decisionRule,
  },
  shots: {
    flags: '--shots <n>',
    help: 'use only so many labelled pictures to train on and to stop by, half of them defective (default: all)',
    parse: integer(4),
  },
  memoryBudget,
};

const { patience: _, ...ofEnrolment } = fineTuneFlags;

/** Options of a fine-tuning that have a part in enrolment: it has no early stopping. */
export const enrolFlags: Flags<Omit<FineTuneOptions, 'patience'>> = {
  ...ofEnrolment,
  epochs: {
    flags: '--epochs <n>',
    help: 'most epochs; cross-validation chooses how many',
    parse: integer(1),
  },
};

/** What becomes of pictures that are there more than once. */
export const duplicatesFlag = (help: string): Option =>
  new Option('--duplicates <how>', help).choices(duplicatePolicies).default('separate');
