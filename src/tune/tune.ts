import { type Device, defaultTuning, type Tuning } from '../device/index.ts';
import { sizeOf, tensor } from '../graph/index.ts';
import { contest } from './contest.ts';
import { type Operand, type Search, searchesFor, type Value } from './searches.ts';

/** How long one value of a search took on one problem. */
export interface Trial {
  readonly search: string;
  readonly shape: string;
  readonly value: string;
  /** Median seconds of one computation. */
  readonly seconds: number;
}

/** What a search came to. */
export interface Choice {
  readonly search: string;
  readonly value: string;
  /** Time by the default tuning over the time by this one: a geometric mean over the problems. */
  readonly speedup: number;
}

export interface Tuned {
  readonly tuning: Tuning;
  readonly trials: readonly Trial[];
  readonly choices: readonly Choice[];
  /** Searches that no time was left for: they keep the default. */
  readonly skipped: readonly string[];
}

export interface TuneOptions {
  /** How long the search may take, about, in seconds (default 60). */
  readonly seconds?: number;
  /** What to search for (default: all that there is for the device). */
  readonly searches?: readonly Search[];
  readonly onSearch?: (done: number, of: number, name: string) => void;
  readonly signal?: AbortSignal;
}

/** A value must be faster than the default by this much, or the noise of the machine decides. */
const WORTH = 1.03;

/**
 * Finds a tuning for a device by trying a few values of everything that can be tuned, one after another, beginning with the
 * default. Each search has an equal share of the time that is left. A raised signal ends the search early.
 *
 * @throws what `Device.guard` throws
 */
export async function tune(device: Device, options: TuneOptions = {}): Promise<Tuned> {
  const { seconds = 60, searches = searchesFor(device.capabilities), onSearch, signal } = options;
  const end = performance.now() + seconds * 1000;
  let tuning = defaultTuning;
  const trials: Trial[] = [];
  const choices: Choice[] = [];
  const skipped: string[] = [];
  for (const [i, search] of searches.entries()) {
    if (signal?.aborted) break;
    onSearch?.(i, searches.length, search.name);
    const left = (end - performance.now()) / 1000;
    if (left <= 0) {
      skipped.push(search.name);
      continue;
    }
    const found = await run(search, tuning, left / (searches.length - i), device, signal);
    trials.push(...found.trials);
    choices.push(found.choice);
    tuning = found.tuning;
  }
  return { tuning, trials, choices, skipped };
}

const same = (a: Tuning, b: Tuning): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Numbers without a pattern; what they are is of no matter. */
const operand: Operand = (...shape) =>
  tensor(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7919) % 1000) / 500 - 1),
    shape,
  );

async function run(
  { name, problems, values }: Search,
  tuning: Tuning,
  seconds: number,
  device: Device,
  signal?: AbortSignal,
): Promise<{ trials: Trial[]; choice: Choice; tuning: Tuning }> {
  const changes = (value: Value) => Number(!same(value.set(tuning), tuning));
  // The default first: all are held against it.
  const ordered = [...values].sort((a, b) => changes(a) - changes(b));
  const tunings = ordered.map((value) => value.set(tuning));
  const trials: Trial[] = [];
  const times: (number | undefined)[][] = [];
  for (const { shape, make } of problems) {
    const taken = await contest(make(operand), tunings, seconds / problems.length, device, signal);
    times.push(taken);
    for (const [i, time] of taken.entries())
      if (time !== undefined) trials.push({ search: name, shape, value: ordered[i].label, seconds: time });
  }
  const { index, speedup } = choose(times);
  return { trials, choice: { search: name, value: ordered[index].label, speedup }, tuning: tunings[index] };
}

/**
 * Which of several values to take, from their times by problem; the first is the default, which stays unless another is clearly
 * faster. What has no time for one of the problems is out.
 */
export function choose(times: readonly (readonly (number | undefined)[])[]): {
  index: number;
  speedup: number;
} {
  let best = { index: 0, speedup: 1 };
  for (const index of times[0].keys()) {
    const ratios = times.map((taken) => (taken[0] ?? 0) / (taken[index] ?? Number.POSITIVE_INFINITY));
    const speedup = ratios.reduce((a, b) => a * b, 1) ** (1 / times.length);
    if (speedup > Math.max(best.speedup, WORTH)) best = { index, speedup };
  }
  return best;
}
