import {
  algorithms,
  attentionPlacements,
  type FineTuneOptions,
  innerOptimisers,
  type MetaTrainOptions,
  type ModelConfig,
} from '../medetection/index.ts';
import { type Flag, type Flags, fraction, integer, positive } from './flags.ts';

export const modelFlags: Flags<ModelConfig> = {
  preset: { flags: '--preset <name>', help: 'network', choices: ['paper'] },
  size: {
    flags: '--size <px>',
    help: 'side of the images: a multiple of 64, or 32',
    parse: integer(1),
  },
  width: { flags: '--width <n>', help: 'channels of every block', parse: integer(1) },
  attention: {
    flags: '--attention <where>',
    help: `coordinate attention: ${attentionPlacements.join(', ')}`,
    choices: attentionPlacements,
  },
  siamese: { flags: '--no-siamese', help: 'judge the image alone, without a reference (the -SN ablation)' },
};

const memoryBudget: Flag<number | undefined> = {
  flags: '--memory-budget <MiB>',
  help: 'most memory for a step: what does not fit is computed anew instead of kept (default: as much as it takes)',
  parse: positive,
};

export const metaTrainFlags: Flags<MetaTrainOptions> = {
  iterations: { flags: '--iterations <n>', help: 'meta-steps in all', parse: integer(1) },
  tasksPerStep: { flags: '--tasks-per-step <n>', help: 'tasks drawn for a meta-step', parse: integer(1) },
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
  patience: {
    flags: '--patience <n>',
    help: 'stop after so many epochs without a lower validation loss',
    parse: integer(1),
  },
  references: {
    flags: '--references <n>',
    help: 'defect-free pictures that each image is compared with',
    parse: integer(1),
  },
  memoryBudget,
};
