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
/** What a round aims at, as a share of the peak before it: lower peaks first, so that only what they ask for is computed anew. */
const STEP = 0.9;
const SMALL_STEP = 0.98;
/** A round that leaves more than this share of the excess is not worth another. */
const WORTH_IT = 0.97;
/** Choices of values tried in one round. */
const MOST_TRIES = 16;
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
  for (let round = 0; round < MOST_ROUNDS && lowest > budget; round++) {
    const peak = Math.max(...aliveAt(current));
    // Slots are a little more than what is alive, so that must come below the budget.
    const wanted = (budget * peak) / scratch(current);
    const next =
      improved(current, Math.max(wanted, STEP * peak), remake) ??
      improved(current, SMALL_STEP * peak, remake);
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

/** The schedule with more recomputation and less excess; with fewer values at once, or others, where the best do not help. */
function improved(
  schedule: Schedule,
  target: number,
  remake: (roots: readonly Tensor[]) => Schedule,
): Schedule | undefined {
  const over = excess(schedule, target);
  const recomputation = new Recomputation(schedule, aliveAt(schedule), target);
  let candidates = recomputation.candidates(MOST_AT_ONCE);
  for (let count = candidates.length, tries = 0; count > 0 && tries < MOST_TRIES; tries++) {
    const next = remake(recomputation.apply(candidates.slice(0, count)));
    if (excess(next, target) < WORTH_IT * over) return next;
    if (count > 1) count = Math.ceil(count / 2);
    else {
      candidates = candidates.slice(1);
      count = candidates.length;
    }
  }
  return undefined;
}
