import { checkOptions, integer, oneOf, positive, type Rules } from '../../option-rules.ts';
import type { StudySettings } from '../study.ts';
import { DRAWERS } from './data.ts';
import { type Network, networks } from './networks.ts';
import type { TaskShape } from './tasks.ts';

/** MAML and its first-order approximation. */
export const omniglotMethods = ['second-order', 'first-order'] as const;
export type OmniglotMethod = (typeof omniglotMethods)[number];

export interface OmniglotSettings extends StudySettings, TaskShape {
  readonly network: Network;
  /** Tasks of a meta-step. */
  readonly tasksPerStep: number;
  /** alpha, in training and in evaluation. */
  readonly innerRate: number;
  /** Inner steps in training. */
  readonly innerSteps: number;
  /** Inner steps after which the test accuracy is the result. */
  readonly testSteps: number;
  /** Adam's rate. */
  readonly outerRate: number;
  /** Characters to meta-train on; the rest is measured on. */
  readonly trainCharacters: number;
  /** Tasks to evaluate on. */
  readonly testTasks: number;
  /** Meta-steps between two evaluations during training. */
  readonly testEvery: number;
}

/** `full`: as published; `small`: so much less that a processor is done in minutes, on its way to the figures. */
export const scales = ['full', 'small'] as const;
export type Scale = (typeof scales)[number];

/** What a scale means for a number of classes. */
export const scaledOmniglot = (scale: Scale, way: number): OmniglotSettings => ({
  ...publishedOmniglot(way),
  ...(scale === 'small' && { iterations: 300, tasksPerStep: 8, testTasks: 200, testEvery: 50 }),
});

/**
 * The settings of Finn et al. 2017, appendix A.1, for 5 classes, and from 20 classes on those for 20. As many query as
 * support images, 600 test tasks and Adam's rate are from the authors' code.
 */
export function publishedOmniglot(way: number): OmniglotSettings {
  const five = { tasksPerStep: 32, innerRate: 0.4, innerSteps: 1, testSteps: 3 };
  const twenty = { tasksPerStep: 16, innerRate: 0.1, innerSteps: 5, testSteps: 5 };
  return {
    network: 'conv4',
    way,
    shots: 1,
    queries: 1,
    iterations: 60_000,
    ...(way < 20 ? five : twenty),
    outerRate: 1e-3,
    trainCharacters: 1200,
    testTasks: 600,
    testEvery: 5000,
  };
}

const rules: Rules<OmniglotSettings> = {
  network: oneOf(...networks),
  way: integer(2),
  shots: integer(1),
  queries: integer(1),
  iterations: integer(1),
  tasksPerStep: integer(1),
  innerRate: positive,
  innerSteps: integer(1),
  testSteps: integer(1),
  outerRate: positive,
  trainCharacters: integer(2),
  testTasks: integer(2),
  testEvery: integer(1),
};

/** @throws naming the setting, its value and what is allowed. */
export function checkOmniglot(settings: OmniglotSettings): OmniglotSettings {
  const { shots, queries, way, trainCharacters } = checkOptions(rules, settings);
  if (shots + queries > DRAWERS)
    throw new Error(
      `options: shots ${shots} and queries ${queries} need as many images of a character; there are ${DRAWERS}`,
    );
  if (way > trainCharacters)
    throw new Error(`options: way ${way} needs as many characters; trainCharacters is ${trainCharacters}`);
  return settings;
}
