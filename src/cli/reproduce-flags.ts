import { networks, type OmniglotSettings, type SinusoidSettings } from '../reproduce/index.ts';
import { type Flags, integer, positive } from './flags.ts';

/** Flags of settings that the studies share. */
const common = {
  iterations: { flags: '--iterations <n>', help: 'meta-steps of every training', parse: integer(1) },
  tasksPerStep: { flags: '--tasks-per-step <n>', help: 'tasks drawn for a meta-step', parse: integer(1) },
  innerRate: { flags: '--inner-rate <x>', help: 'step size of the adaptation', parse: positive },
  innerSteps: {
    flags: '--inner-steps <n>',
    help: 'steps of the adaptation in training',
    parse: integer(1),
  },
  outerRate: { flags: '--outer-rate <x>', help: "Adam's rate of the meta-step", parse: positive },
  testTasks: { flags: '--test-tasks <n>', help: 'tasks to evaluate on', parse: integer(2) },
};

export const sinusoidFlags: Flags<SinusoidSettings> = {
  ...common,
  shots: {
    flags: '--shots <n>',
    help: 'support points of a task, and as many query points',
    parse: integer(1),
  },
};

export const omniglotFlags: Flags<OmniglotSettings> = {
  ...common,
  network: {
    flags: '--network <name>',
    help: `${networks.join(' or ')}: convolutions, or linear layers`,
    choices: networks,
  },
  way: { flags: '--way <n>', help: 'classes of a task', parse: integer(2) },
  shots: { flags: '--shots <n>', help: 'support images of a class', parse: integer(1) },
  queries: { flags: '--queries <n>', help: 'query images of a class', parse: integer(1) },
  testSteps: { flags: '--test-steps <n>', help: 'steps of the adaptation in evaluation', parse: integer(1) },
  trainCharacters: {
    flags: '--train-characters <n>',
    help: 'characters to meta-train on; the rest is measured on',
    parse: integer(2),
  },
  testEvery: { flags: '--test-every <n>', help: 'meta-steps between two evaluations', parse: integer(1) },
};
