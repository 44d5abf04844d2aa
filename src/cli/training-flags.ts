import {
  attentionPlacements,
  type FineTuneOptions,
  type MetaTrainOptions,
  type ModelConfig,
} from '../medetection/index.ts';
import { type Flags, fraction, integer, positive } from './flags.ts';

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
  innerRate: { flags: '--inner-rate <x>', help: 'step size of the adaptation', parse: positive },
  innerSteps: { flags: '--inner-steps <n>', help: 'steps of the adaptation', parse: integer(1) },
  order: {
    flags: '--order <n>',
    help: '2: true second-order MAML, 1: its first-order approximation',
    choices: ['1', '2'],
    parse: (text) => Number(text) as 1 | 2,
  },
  adapts: {
    flags: '--adapts <what>',
    help: 'adapt all parameters, or the linear head alone (ANIL)',
    choices: ['all', 'head'],
  },
  outerRate: { flags: '--outer-rate <x>', help: "Adam's rate of the meta-step", parse: positive },
  beta1: { flags: '--beta1 <x>', help: "Adam's beta1", parse: fraction },
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
};
