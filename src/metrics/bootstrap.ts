import type { Random } from '../random.ts';
import { checkSamples, type Labels, type Scores } from './inputs.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  /** Draws the resamples: the same seed gives the same intervals. */
  readonly random: Random;
  /** Resamples drawn; at least 2 / (1 - confidence), so that a tail holds one. Default 1000. */
  readonly resamples?: number;
  /** Share of repetitions of the experiment in which an interval is to cover the truth. Default 0.95. */
  readonly confidence?: number;
}

/** Whether an interval has no width: all resamples agree, as where the samples are told apart without exception. */
export const isPoint = ({ low, high }: Interval): boolean => low === high;

/** Intervals of some statistics, by name. */
export interface Bootstrapped<K extends string> {
  readonly intervals: Readonly<Record<K, Interval>>;
  /** Where the intervals mean less than they seem to: a class is absent or has one sample, or an interval is a point. */
  readonly note?: string;
}

/**
 * Percentile confidence intervals by the stratified bootstrap (Efron and Tibshirani, An introduction to the bootstrap, 1993,
 * chapter 13): every resample draws, with replacement, as many defective and as many normal samples as there are. All
 * statistics are of the same resamples. The ends are the quantiles of their values, interpolated linearly (NumPy's default).
 *
 * @param statistics numbers of labels and scores. They are called with the resample's scores falling, so that `auroc`
 * and others that sort do so in linear time; the two arrays are overwritten by the next resample.
 * @returns NaN for both ends of a statistic that is NaN of any resample, such as `auroc` where a class is absent.
 * @throws RangeError on unequal lengths, no samples, labels other than 0 and 1, NaN scores, or too few resamples.
 */
export function bootstrap<K extends string>(
  labels: Labels,
  scores: Scores,
  statistics: (labels: Uint8Array, scores: Float64Array) => Readonly<Record<K, number>>,
  { random, resamples = 1000, confidence = 0.95 }: BootstrapOptions,
): Bootstrapped<K> {
  checkSamples('bootstrap', labels, scores);
  if (!(confidence > 0 && confidence < 1))
    throw new RangeError(`bootstrap: confidence ${confidence} must lie between 0 and 1`);
  // For 0.9 that is 20, and not the 21 that 2 / 0.09999999999999998 rounds up to.
  const least = Math.ceil(2 / (1 - confidence) - 1e-6);
  if (!Number.isSafeInteger(resamples) || resamples < least)
    throw new RangeError(
      `bootstrap: ${resamples} resamples; for confidence ${confidence} give an integer of at least ${least}`,
    );
  const draw = resampler(labels, scores, random);
  const values = new Map<K, Float64Array>();
  for (let b = 0; b < resamples; b++) {
    const found = statistics(...draw());
    for (const name of Object.keys(found) as K[]) {
      if (!values.has(name)) values.set(name, new Float64Array(resamples));
      values.get(name)![b] = found[name];
    }
  }
  const tail = (1 - confidence) / 2;
  const intervals = Object.fromEntries(
    Array.from(values, ([name, of]) => {
      const sorted = of.sort();
      return [name, { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) }];
    }),
  ) as Record<K, Interval>;
  return { intervals, ...noteOf(labels, intervals) };
}

/** Draws resamples, whose scores fall. */
function resampler(labels: Labels, scores: Scores, random: Random): () => [Uint8Array, Float64Array] {
  const n = labels.length;
  const sorted = Array.from({ length: n }, (_, i) => ({ label: Number(labels[i]), score: scores[i] }));
  sorted.sort((a, b) => (a.score > b.score ? -1 : a.score < b.score ? 1 : 0));
  const classes = [0, 1].map((label) => [...sorted.keys()].filter((k) => sorted[k].label === label));
  const times = new Uint32Array(n);
  const drawnLabels = new Uint8Array(n);
  const drawnScores = new Float64Array(n);
  return () => {
    times.fill(0);
    for (const members of classes)
      for (let i = 0; i < members.length; i++) times[members[random.int(members.length)]]++;
    let end = 0;
    for (const [k, { label, score }] of sorted.entries()) {
      drawnLabels.fill(label, end, end + times[k]);
      drawnScores.fill(score, end, end + times[k]);
      end += times[k];
    }
    return [drawnLabels, drawnScores];
  };
}

/** @param sorted rising, NaN last; the quantile is then NaN if any value is. */
function quantile(sorted: Float64Array, q: number): number {
  if (Number.isNaN(sorted[sorted.length - 1])) return Number.NaN;
  const place = q * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low === high ? low : low + (high - low) * (place - Math.floor(place));
}

function noteOf(labels: Labels, intervals: Readonly<Record<string, Interval>>): { note?: string } {
  const defective = Array.from(labels).filter(Boolean).length;
  const notes = Object.entries({ normal: labels.length - defective, defective }).flatMap(([name, count]) =>
    count === 0
      ? [`there is no ${name} sample: what needs one has no interval`]
      : count === 1
        ? [`there is one ${name} sample: the intervals cannot show how much such samples differ`]
        : [],
  );
  const points = Object.keys(intervals).filter((name) => isPoint(intervals[name]));
  if (points.length > 0)
    notes.push(
      `all resamples agree on ${points.join(', ')}: an interval that is a point does not say that more samples would agree too`,
    );
  return notes.length > 0 ? { note: notes.join('; ') } : {};
}
