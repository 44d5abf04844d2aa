import type { Tensor, Tree } from '../graph/index.ts';
import type { AdamState } from '../optim/index.ts';
import type { Summary } from './statistics.ts';

/** What every study's settings hold. */
export interface StudySettings {
  /** Meta-steps in all. */
  readonly iterations: number;
}

/** What a meta-step takes and gives: parameters and Adam's moments. */
export type MetaState<P extends Tree> = { readonly theta: P; readonly moments: AdamState<P> };

/** What some meta-steps give. */
export type Advance<P extends Tree> = MetaState<P> & {
  /** The meta-objective before each of the steps: [steps]. */
  readonly losses: Tensor;
};

/** How one method learns. */
export interface MetaTraining<P extends Tree> {
  /** Parameters before the first meta-step. */
  readonly init: () => P;
  /** Meta-steps that one call makes. */
  readonly stepsPerCall: number;
  /**
   * Makes `count` meta-steps, of which the first is number `iteration`, counted from 0. Every iteration draws its tasks from
   * a random stream of its own, so that training goes on from a saved state as if it had never stopped.
   */
  readonly advance: (state: MetaState<P>, iteration: number, count: number) => Promise<Advance<P>>;
  /**
   * Looks through the inner loops of an iteration's tasks from some parameters, to find out why its loss is not what it should
   * be; absent where a method has none.
   * @throws naming the task, the step and the tensor, where a step is not finite or explodes.
   */
  readonly checkInner?: (theta: P, iteration: number) => Promise<void>;
  /** Measures the parameters on the test tasks. */
  readonly evaluate: (theta: P) => Promise<Evaluation>;
  /** Meta-steps between two such measurements, a multiple of `stepsPerCall` (default: only the end is measured). */
  readonly testEvery?: number;
}

/** What adaptation reaches on test tasks. */
export interface Evaluation {
  /** Test tasks. */
  readonly tasks: number;
  /** After so many inner steps, what was measured over the tasks. */
  readonly steps: readonly (Summary & { readonly steps: number })[];
}

/** What was reached in the course of a training. */
export interface Tested {
  /** Meta-steps done. */
  readonly iteration: number;
  readonly evaluation: Evaluation;
}

/** A figure reached elsewhere: exact, or a range where several runs differ. */
export interface ReferenceFigure {
  readonly method: string;
  readonly steps: number;
  readonly low: number;
  readonly high: number;
}

/** Figures that a study is held against. */
export interface Reference {
  /** Who reached them and how, in a few words. */
  readonly source: string;
  readonly figures: readonly ReferenceFigure[];
}

/** What a study is about, without how it is trained. */
export interface StudyOutline<S extends StudySettings> {
  /** What the command calls it. */
  readonly name: string;
  readonly title: string;
  /** The methods compared, the most important first. */
  readonly methods: readonly string[];
  /** The published settings. */
  readonly defaults: S;
  /** What is measured after adaptation, for axes and tables. */
  readonly measure: string;
  /** Which of a summary's numbers the study goes by. */
  readonly statistic: 'mean' | 'median';
  /** Whether axes of the measure are logarithmic. */
  readonly logarithmic: boolean;
  /** @throws naming a setting that is not allowed, its value and what is. */
  readonly check: (settings: S) => S;
  /** The figures for these settings, if there are any. */
  readonly reference: (settings: S) => Reference | undefined;
}

/** An experiment of the literature that is made again. */
export interface Study<S extends StudySettings, P extends Tree> extends StudyOutline<S> {
  readonly training: (settings: S, method: string, seed: number) => MetaTraining<P>;
}
