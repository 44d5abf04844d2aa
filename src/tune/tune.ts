import { type Device, defaultTuning, type Tuning } from '../device/index.ts';
import { contest } from './contest.ts';
import { type Search, searchesFor, type Value } from './searches.ts';

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

async function run(
  { name, problems, values }: Search,
  tuning: Tuning,
  seconds: number,
  device: Device,
  signal?: AbortSignal,
): Promise<{ trials: Trial[]; choice: Choice; tuning: Tuning }> {
  const unchanged = (value: Value) => same(value.set(tuning), tuning);
  // The default first: all are held against it.
  const ordered = [...values].sort((a, b) => Number(unchanged(b)) - Number(unchanged(a)));
  const tunings = ordered.map((value) => value.set(tuning));
  const trials: Trial[] = [];
  const speedups = ordered.map(() => 1);
  for (const { shape, make } of problems) {
    const times = await contest(make(), tunings, seconds / problems.length, device, signal);
    for (const [i, time] of times.entries()) {
      if (time !== undefined) trials.push({ search: name, shape, value: ordered[i].label, seconds: time });
      // What was not tried on one of the problems is out.
      speedups[i] *= time === undefined ? 0 : (times[0]! / time) ** (1 / problems.length);
    }
  }
  const best = speedups.indexOf(Math.max(...speedups));
  const chosen = speedups[best] > WORTH ? best : 0;
  const choice = { search: name, value: ordered[chosen].label, speedup: speedups[chosen] };
  return { trials, choice, tuning: tunings[chosen] };
}
