import type { Tensor } from '../graph/tensor.ts';
import { lifetimesOf, slotsOf } from './lifetimes.ts';
import { Recomputation } from './recompute.ts';
import { mib, type Schedule } from './schedule.ts';

/** Bytes alive at each stage. */
export function aliveAt(schedule: Schedule): number[] {
  const alive = new Array<number>(schedule.stages.length).fill(0);
  for (const { bytes, from, to } of lifetimesOf(schedule).values())
    for (let at = Math.max(0, from); at <= to && at < alive.length; at++) alive[at] += bytes;
  return alive;
}

const scratch = (schedule: Schedule): number => slotsOf(schedule).slots.reduce((n, s) => n + s.bytes, 0);

/** By how much a schedule is over a target, stage by stage: what rounds of recomputation bring down. */
const excess = (schedule: Schedule, target: number): number =>
  aliveAt(schedule).reduce((n, bytes) => n + Math.max(0, bytes - target), 0);

/** More rounds bring little, and each schedules the whole graph anew. */
const MOST_ROUNDS = 40;
/** Values taken for recomputation in one round at most. */
const MOST_AT_ONCE = 32;

/**
 * A schedule that takes at most `budget` bytes of scratch memory: values that wait long for their next reader while memory is
 * short are dropped and computed anew, those first that free the most for the time that takes.
 * @param remake schedules a graph
 * @throws when that does not bring it down far enough, saying how far
 */
export function withinBudget(
  start: Schedule,
  budget: number,
  remake: (roots: readonly Tensor[]) => Schedule,
): Schedule {
  const before = scratch(start);
  let best = start;
  let lowest = before;
  let current = start;
  // Slots are a little more than what is alive, so the target for that may have to be lower than the budget.
  let target = budget;
  for (let round = 0; round < MOST_ROUNDS && lowest > budget; round++) {
    const over = excess(current, target);
    if (over === 0) {
      target *= Math.min(0.98, budget / scratch(current));
      continue;
    }
    const next = improved(current, target, over, remake);
    if (next === undefined) break;
    current = next;
    const bytes = scratch(next);
    if (bytes < lowest) [best, lowest] = [next, bytes];
  }
  if (lowest <= budget) return best;
  const tried = lowest < before ? `, and recomputing values brings it down to ${mib(lowest)} MiB only` : '';
  throw new Error(
    `plan: takes ${mib(before)} MiB of memory${tried}, but the budget is ${mib(budget)} MiB; use smaller batches or images, or fewer tasks at once (micro-batches)`,
  );
}

/** The schedule with more recomputation and less excess; fewer values at once where many do not help. */
function improved(
  schedule: Schedule,
  target: number,
  over: number,
  remake: (roots: readonly Tensor[]) => Schedule,
): Schedule | undefined {
  const recomputation = new Recomputation(schedule, aliveAt(schedule), target);
  const candidates = recomputation.candidates(MOST_AT_ONCE);
  for (let count = candidates.length; count > 0; count = Math.floor(count / 2)) {
    const next = remake(recomputation.apply(candidates.slice(0, count)));
    if (excess(next, target) < over) return next;
  }
  return undefined;
}
