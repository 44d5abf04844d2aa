import type { SinusoidSettings } from '../reproduce/index.ts';
import { type Flags, integer, positive } from './flags.ts';

export const sinusoidFlags: Flags<SinusoidSettings> = {
  iterations: { flags: '--iterations <n>', help: 'meta-steps of every training', parse: integer(1) },
  shots: {
    flags: '--shots <n>',
    help: 'support points of a task, and as many query points',
    parse: integer(1),
  },
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
