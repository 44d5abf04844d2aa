import { LoadedPlan } from '../../src/device/execute.ts';
import type { Device } from '../../src/device/index.ts';
import type { Dispatch, Plan } from '../../src/device/plan.ts';
import { spreadOf } from '../rounds.ts';
import { Stopwatch } from '../stopwatch.ts';

/** What all dispatches of one kernel take in a plan. */
export interface ProfileRow {
  readonly kernel: string;
  readonly dispatches: number;
  readonly seconds: number;
  readonly flops: number;
  readonly bytes: number;
}

/** About how long a dispatch is repeated, in seconds: the cost of submitting and waiting is shared. */
const LONG = 2e-3;
const MOST_TIMES = 64;
const REPEATS = 3;

/**
 * The time that each kernel of a plan takes: every dispatch alone, repeated, the median of a few submissions. Scratch buffers
 * hold whatever the last run left in them. The costliest first.
 */
export async function profilePlan(device: Device, plan: Plan): Promise<ProfileRow[]> {
  const stopwatch = new Stopwatch(device);
  const loaded = new LoadedPlan(plan, device);
  const rows = new Map<string, ProfileRow>();
  try {
    for (const [index, { kernel, bytes }] of plan.dispatches.entries()) {
      const seconds = await secondsOf(stopwatch, loaded, index, kernel);
      const row = rows.get(kernel.name) ?? {
        kernel: kernel.name,
        dispatches: 0,
        seconds: 0,
        flops: 0,
        bytes: 0,
      };
      rows.set(kernel.name, {
        ...row,
        dispatches: row.dispatches + 1,
        seconds: row.seconds + seconds,
        flops: row.flops + kernel.flops,
        bytes: row.bytes + bytes,
      });
    }
  } finally {
    loaded.dispose();
  }
  return [...rows.values()].sort((a, b) => b.seconds - a.seconds);
}

async function secondsOf(
  stopwatch: Stopwatch,
  loaded: LoadedPlan,
  index: number,
  { name }: Dispatch['kernel'],
): Promise<number> {
  const time = (times: number) => stopwatch.time((pass) => loaded.encode(pass, [index]), times, name);
  const { seconds } = await time(1);
  const times = Math.max(1, Math.min(MOST_TIMES, Math.round(LONG / seconds)));
  const samples: number[] = [];
  for (let k = 0; k < REPEATS; k++) samples.push((await time(times)).seconds / times);
  return spreadOf(samples).median;
}
