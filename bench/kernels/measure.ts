import { type Measured as Ceilings, type Device, measureDevice } from '../../src/device/index.ts';
import { Interrupted } from '../../src/medetection/index.ts';
import { interleave, type Spread, spreadOf } from '../rounds.ts';
import { Stopwatch } from '../stopwatch.ts';
import type { Candidate } from './choose.ts';
import type { Subject } from './subject.ts';

/** What one kernel measured; plain data, ready for JSON. */
export interface Row extends Omit<Subject, 'encode' | 'dispose'> {
  readonly seconds: Spread;
  /** Processor seconds, all threads together. */
  readonly processorSeconds: Spread;
  /** What bounds it: the rate of arithmetic or of memory, whichever would take longer. */
  readonly limit: 'arithmetic' | 'memory';
  /** The time that the limit allows, as a share of the median time. */
  readonly ofLimit: number;
}

export interface KernelReport {
  readonly clock: Stopwatch['clock'];
  /** The best that was seen before and after. */
  readonly ceilings: Ceilings;
  readonly rounds: number;
  readonly rows: readonly Row[];
}

export interface MeasureOptions {
  readonly rounds: number;
  /** About how long one submission lasts. */
  readonly secondsPerRound: number;
  readonly onRound: (round: number) => void;
  readonly signal: AbortSignal;
}

/** Loads and checks all, then times all in turn. */
export async function measureKernels(
  device: Device,
  candidates: readonly Candidate[],
  { rounds, secondsPerRound, onRound, signal }: MeasureOptions,
): Promise<KernelReport> {
  const stopwatch = new Stopwatch(device);
  const before = await measureDevice(device);
  const subjects: Subject[] = [];
  try {
    for (const candidate of candidates) {
      subjects.push(await candidate.load(stopwatch));
      if (signal.aborted) throw new Interrupted('stopped; nothing was kept');
    }
    const timings = subjects.map((subject) => new Timing(stopwatch, subject, secondsPerRound));
    const seconds = await interleave(timings, rounds, onRound, signal);
    const ceilings = best(before, await measureDevice(device));
    return {
      clock: stopwatch.clock,
      ceilings,
      rounds,
      rows: timings.map((timing, i) => timing.row(seconds[i], ceilings)),
    };
  } finally {
    for (const subject of subjects) subject.dispose();
  }
}

const best = (a: Ceilings, b: Ceilings): Ceilings => ({
  flopsPerSecond: Math.max(a.flopsPerSecond, b.flopsPerSecond),
  bytesPerSecond: Math.max(a.bytesPerSecond, b.bytesPerSecond),
  secondsPerDispatch: Math.min(a.secondsPerDispatch, b.secondsPerDispatch),
  secondsPerRoundTrip: Math.min(a.secondsPerRoundTrip, b.secondsPerRoundTrip),
});

/** Runs in one submission: more would only take long to encode. */
const MOST_TIMES = 4096;
const GUESSES = 4;

/** Times one subject: the first measurement finds out how often it must run to last long enough. */
class Timing {
  readonly name: string;
  readonly #stopwatch: Stopwatch;
  readonly #subject: Subject;
  readonly #wanted: number;
  readonly #processor: number[] = [];
  #times = 1;
  /** The least that one run took while guessing. */
  #each = Number.POSITIVE_INFINITY;

  constructor(stopwatch: Stopwatch, subject: Subject, wanted: number) {
    this.name = subject.kernel;
    this.#stopwatch = stopwatch;
    this.#subject = subject;
    this.#wanted = wanted;
  }

  readonly seconds = async (): Promise<number> => {
    const { encode, kernel } = this.#subject;
    // Anew from the last guess: one run alone is mostly submitting and waiting, and may meet with a disturbance.
    for (let guess = 0; this.#processor.length === 0 && guess < GUESSES; guess++) {
      const { seconds } = await this.#stopwatch.time(encode, this.#times, kernel);
      this.#each = Math.min(this.#each, seconds / this.#times);
      this.#times = Math.max(1, Math.min(MOST_TIMES, Math.round(this.#wanted / this.#each)));
    }
    const taken = await this.#stopwatch.time(encode, this.#times, kernel);
    this.#processor.push(taken.processorSeconds / this.#times);
    return taken.seconds / this.#times;
  };

  row(seconds: Spread, { flopsPerSecond, bytesPerSecond }: Ceilings): Row {
    const { encode: _encode, dispose: _dispose, ...subject } = this.#subject;
    const [arithmetic, memory] = [subject.flops / flopsPerSecond, subject.bytes / bytesPerSecond];
    return {
      ...subject,
      seconds,
      // Without that of the round that warms up.
      processorSeconds: spreadOf(this.#processor.slice(1)),
      limit: arithmetic > memory ? 'arithmetic' : 'memory',
      ofLimit: Math.max(arithmetic, memory) / seconds.median,
    };
  }
}
