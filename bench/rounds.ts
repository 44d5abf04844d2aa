import { Bench } from 'tinybench';
import { Interrupted } from '../src/medetection/index.ts';

/** How a quantity varied between rounds. */
export interface Spread {
  readonly median: number;
  /** Quartiles: half of the rounds lie between them. */
  readonly lower: number;
  readonly upper: number;
  readonly min: number;
  readonly samples: readonly number[];
}

/** What is measured once in every round. */
export interface Measured {
  readonly name: string;
  /** Does the work once and gives the seconds that it took, by whatever clock is right for it. */
  readonly seconds: () => Promise<number>;
}

/** Milliseconds between two measurements: threads of the one before that still wait for work go to sleep. */
const REST = 5;

/**
 * Measures all once per round, one after another: whatever slows the machine down for a while meets all of them alike. The
 * first round is to warm up and does not count.
 *
 * @returns the spread of the seconds of each
 */
export async function interleave(
  measured: readonly Measured[],
  rounds: number,
  onRound: (round: number) => void,
  signal: AbortSignal,
): Promise<Spread[]> {
  const samples: number[][] = measured.map(() => []);
  // tinybench does all iterations of a task before the next task, so it is run once per round, one iteration each.
  const bench = new Bench({ time: 0, iterations: 1, warmup: false, throws: true, retainSamples: true });
  measured.forEach(({ name, seconds }, i) => {
    bench.add(`${i}: ${name}`, async () => {
      await new Promise((resolve) => setTimeout(resolve, REST));
      return { overriddenDuration: 1e3 * (await seconds()) };
    });
  });
  for (let round = 0; round <= rounds; round++) {
    bench.reset();
    await bench.run();
    if (signal.aborted) throw new Interrupted('stopped; nothing was kept');
    bench.tasks.forEach(({ name, result }, i) => {
      if (result.state !== 'completed') throw new Error(`${name}: the measurement ended as ${result.state}`);
      if (round > 0) samples[i].push(result.latency.samples![0] / 1e3);
    });
    onRound(round);
  }
  return samples.map(spreadOf);
}

/** The value below which this share of sorted numbers lies, by linear interpolation. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at - Math.floor(at));
}

/** @param samples at least one number */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  const [lower, median, upper] = [0.25, 0.5, 0.75].map((share) => quantile(sorted, share));
  return { median, lower, upper, min: sorted[0], samples };
}

/** The distance between the quartiles as a share of the median: `7 %`. */
export const showSpread = ({ median, lower, upper }: Spread): string =>
  `${((100 * (upper - lower)) / median).toFixed(0)} %`;
