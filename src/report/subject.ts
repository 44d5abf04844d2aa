import {
  decisionOf,
  type FineTuneConfig,
  type LoadHooks,
  loadScores,
  type RunConfig,
  type ScoredImage,
} from '../medetection/index.ts';
import {
  type Bootstrapped,
  type Decision,
  type Metric,
  type Summary,
  summary,
  summaryIntervals,
} from '../metrics/index.ts';
import { Random } from '../random.ts';

/** What a report tells while it is made. */
export interface ReportHooks extends LoadHooks {
  /** Pairs of pictures explained so far, and in all. */
  readonly onMap?: (done: number, total: number) => void;
}

/** A run that is reported on. */
export interface Subject<C extends RunConfig = RunConfig> {
  /** Absolute path. */
  readonly folder: string;
  readonly config: C;
  /** Where the folder of tasks is. */
  readonly data: string;
  readonly hooks: ReportHooks;
}

/** What a fine-tuned detector says of pictures that it has not learned from, at its threshold. */
export interface Judged extends Bootstrapped<Metric> {
  /** The test part; of a run that was enrolled, all photographs, each judged when it was left out. */
  readonly images: readonly ScoredImage[];
  readonly leftOut: boolean;
  readonly decision: Decision;
  readonly test: Summary;
}

/**
 * Reads the scores and the threshold of a fine-tuned run, and measures them.
 * @throws when a file of the run is absent or damaged.
 */
export async function judge({ folder, config }: Subject<FineTuneConfig>): Promise<Judged> {
  const leftOut = config.enrolled !== undefined;
  const images = (await loadScores(folder)).filter(({ part }) => part === (leftOut ? 'validation' : 'test'));
  const decision = await decisionOf(folder);
  const { threshold } = decision;
  const labels = images.map(({ label }) => label);
  const scores = images.map(({ score }) => score);
  return {
    images,
    leftOut,
    decision,
    test: summary(labels, scores, threshold),
    // The resamples that `evaluate` draws.
    ...summaryIntervals(labels, scores, threshold, { random: new Random(config.seed).fork('bootstrap') }),
  };
}
