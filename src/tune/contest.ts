import { makePlan } from '../compile/index.ts';
import { LoadedPlan } from '../device/execute.ts';
import { type Device, KernelError, type Tuning } from '../device/index.ts';
import { bytesOf, type Tensor } from '../graph/index.ts';

/* The same tensor computed by different tunings, in turns, so that whatever else slows the machine down slows all alike. */

/** Each turn lasts about this long, in seconds: the cost of submitting and waiting should not count. */
const TURN = 0.02;
const MAX_REPEATS = 10000;
const MIN_ROUNDS = 3;
const MAX_ROUNDS = 40;

/** A plan, how often it is repeated in a turn, and the seconds per repeat of every turn. */
interface Contender {
  readonly plan: LoadedPlan;
  repeats: number;
  readonly seconds: number[];
}

/**
 * Median seconds that a tensor takes under each tuning, by turns until `seconds` are over; at least the first tuning is tried,
 * and each that is tried has three turns or more. Tunings that plan the same kernels share one time. Undefined for a tuning that was
 * not reached in time, or whose kernels the device refuses.
 */
export async function contest(
  y: Tensor,
  tunings: readonly Tuning[],
  seconds: number,
  device: Device,
  signal?: AbortSignal,
): Promise<(number | undefined)[]> {
  const begun = performance.now();
  const over = (share: number) => signal?.aborted || performance.now() - begun > share * seconds * 1000;
  const contenders = new Map<string, Contender | undefined>();
  const entered: (Contender | undefined)[] = [];
  try {
    for (const [i, tuning] of tunings.entries()) {
      const plan = makePlan([y], 0, { ...device.capabilities, tuning });
      const kernels = JSON.stringify(plan.dispatches.map(({ kernel }) => kernel));
      if (!contenders.has(kernels)) {
        const late = i > 0 && over(0.6);
        if (!late) contenders.set(kernels, await enter(new LoadedPlan(plan, device), y));
      }
      entered.push(contenders.get(kernels));
    }
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (round < MIN_ROUNDS ? signal?.aborted : over(1)) break;
      for (const contender of contenders.values())
        contender?.seconds.push((await turn(contender)) / contender.repeats);
    }
    return entered.map((contender) => median(contender?.seconds ?? []));
  } finally {
    for (const contender of contenders.values()) contender?.plan.dispose();
  }
}

/** Compiles a plan and finds how often it fits into a turn; undefined if its kernels are refused. */
async function enter(plan: LoadedPlan, y: Tensor): Promise<Contender | undefined> {
  try {
    for (const array of plan.run([], [bytesOf(y)])) array.dispose();
    const contender: Contender = { plan, repeats: 1, seconds: [] };
    await turn(contender);
    contender.repeats = Math.min(MAX_REPEATS, Math.max(1, Math.round(TURN / (await turn(contender)))));
    return contender;
  } catch (error) {
    plan.dispose();
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

async function turn({ plan, repeats }: Contender): Promise<number> {
  const { device } = plan;
  const start = performance.now();
  for (const i of plan.plan.dispatches.keys()) plan.repeat(i, repeats);
  await device.guard(device.gpu.queue.onSubmittedWorkDone(), 'a turn of tuning');
  return (performance.now() - start) / 1000;
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
