import { checkOptions, integer, positive, type Rules } from '../../option-rules.ts';
import type { StudySettings } from '../study.ts';

/** How the parameters are learned: MAML, its first-order approximation, or one regressor for all tasks together. */
export const sinusoidMethods = ['second-order', 'first-order', 'joint'] as const;
export type SinusoidMethod = (typeof sinusoidMethods)[number];

export interface SinusoidSettings extends StudySettings {
  /** K: support points of a task, and as many query points. */
  readonly shots: number;
  /** Tasks of a meta-step. */
  readonly tasksPerStep: number;
  /** alpha, in training and in evaluation. */
  readonly innerRate: number;
  /** Inner steps in training. */
  readonly innerSteps: number;
  /** Adam's rate. */
  readonly outerRate: number;
  /** Tasks to evaluate on. */
  readonly testTasks: number;
}

/** The settings of Finn et al. 2017, section 5.1 and appendix A, with K = 10. */
export const defaultSinusoid: SinusoidSettings = {
  iterations: 70_000,
  shots: 10,
  tasksPerStep: 25,
  innerRate: 0.01,
  innerSteps: 1,
  outerRate: 1e-3,
  testTasks: 2000,
};

const rules: Rules<SinusoidSettings> = {
  iterations: integer(1),
  shots: integer(1),
  tasksPerStep: integer(1),
  innerRate: positive,
  innerSteps: integer(1),
  outerRate: positive,
  testTasks: integer(2),
};

/** @throws naming the setting, its value and what is allowed. */
export const checkSinusoid = (settings: SinusoidSettings): SinusoidSettings => checkOptions(rules, settings);
