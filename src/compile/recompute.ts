import { topologicalOrder } from '../graph/order.ts';
import { withOrigin } from '../graph/origin.ts';
import { bytesOf, Tensor } from '../graph/tensor.ts';
import { lifetimesOf } from './lifetimes.ts';
import type { Lifetime } from './memory.ts';
import { after } from './rows.ts';
import type { Schedule } from './schedule.ts';
import { isSource, isView, viewBase } from './storage.ts';

/** A value to drop after one reader and to compute anew for the next. */
export interface Candidate {
  readonly value: Tensor;
  /** The stage of the next reader. */
  readonly until: number;
}

/** Seconds per byte moved and per operation, about: they only rank what to compute anew. */
const SECONDS_PER_BYTE = 1 / 8e9;
const SECONDS_PER_FLOP = 1 / 40e9;
/** A value of this share of another's bytes is rather kept for computing the other than computed anew too. */
const SMALL = 1 / 8;
/** Values below this share of the excess at the peak are too many to be worth their trouble. */
const WORTHWHILE = 1 / 64;
/** Values computed anew for the sake of one, itself included. */
const MOST_VALUES = 12;

/** What it takes to compute a value anew. */
interface Cost {
  values: number;
  seconds: number;
  /** Bytes that must be kept longer for it. */
  kept: number;
  /** What it is computed from, and must be there. */
  readonly present: Set<Tensor>;
}

/** A time between two readers of a value. */
interface Gap extends Candidate {
  readonly from: number;
  readonly cost: Cost;
  /** Excess freed per second. */
  readonly worth: number;
}

/** What may be computed anew in a schedule, and the graph in which it is. */
export class Recomputation {
  readonly #schedule: Schedule;
  readonly #alive: readonly number[];
  readonly #target: number;
  readonly #lifetimes: ReadonlyMap<Tensor, Lifetime>;
  /** Stages that write or read each value, first the one that writes it. */
  readonly #uses = new Map<Tensor, number[]>();
  /** The values that each stored node is computed from. */
  readonly #reads = new Map<Tensor, readonly Tensor[]>();
  readonly #seconds = new Map<Tensor, number>();
  /** What must be computed only once. */
  readonly #fixed: ReadonlySet<Tensor>;

  /** @param alive bytes alive at each stage, to be brought down to `target` */
  constructor(schedule: Schedule, alive: readonly number[], target: number) {
    this.#schedule = schedule;
    this.#alive = alive;
    this.#target = target;
    this.#lifetimes = lifetimesOf(schedule);
    const { stages, results } = schedule;
    const fixed = new Set(results);
    const partial = new Set<Tensor>();
    let [reads, seconds]: [Tensor[], number] = [[], 0];
    stages.forEach((stage, at) => {
      for (const t of new Set([...stage.writes, ...stage.reads])) {
        const uses = this.#uses.get(t);
        if (uses === undefined) this.#uses.set(t, [at]);
        else uses.push(at);
      }
      const bytes = [...stage.reads, ...stage.writes].reduce((n, t) => n + bytesOf(t), 0);
      seconds += bytes * SECONDS_PER_BYTE + stage.kernel.flops * SECONDS_PER_FLOP;
      reads.push(...stage.reads);
      // A reduction in several stages is one with the last.
      if (stage.writes.some(isSource)) {
        for (const t of stage.writes) partial.add(t);
        return;
      }
      for (const t of stage.writes) {
        this.#reads.set(
          t,
          reads.filter((x) => !partial.has(x)),
        );
        this.#seconds.set(t, seconds / stage.writes.length);
        // The derivative of max compares with what was reduced, bit by bit.
        const { lowering } = t.op;
        if (lowering.kind === 'reduce' && lowering.combine === 'max') fixed.add(viewBase(t.inputs[0]));
      }
      [reads, seconds] = [[], 0];
    });
    this.#fixed = fixed;
  }

  /**
   * Values that free the most excess for the time that they take, until none is left or there are `most`. None of them
   * is needed to compute another.
   */
  candidates(most: number): Candidate[] {
    const least = WORTHWHILE * (Math.max(...this.#alive) - this.#target);
    const ranked = [...this.#reads.keys()]
      .filter((t) => !this.#fixed.has(t) && bytesOf(t) >= least)
      .flatMap((t) => this.#gaps(t))
      .sort((a, b) => b.worth - a.worth);
    const alive = [...this.#alive];
    const chosen = new Map<Tensor, Candidate>();
    const needed = new Set<Tensor>();
    for (const { value, from, until, cost } of ranked) {
      if (chosen.size === most) break;
      const taken = chosen.has(value) || needed.has(value) || [...cost.present].some((x) => chosen.has(x));
      const freed = bytesOf(value) - cost.kept;
      if (taken || this.#relief(alive, freed, from, until) === 0) continue;
      chosen.set(value, { value, until });
      for (const x of cost.present) needed.add(x);
      for (let at = from + 1; at < until; at++) alive[at] -= freed;
    }
    return [...chosen.values()];
  }

  /** Excess that freeing so many bytes between two stages takes away. */
  #relief(alive: readonly number[], bytes: number, from: number, until: number): number {
    let relief = 0;
    for (let at = from + 1; at < until; at++)
      relief += Math.max(0, Math.min(bytes, alive[at] - this.#target));
    return relief;
  }

  /** The times between readers of a value in which it had better not be there. */
  #gaps(value: Tensor): Gap[] {
    const uses = this.#uses.get(value)!;
    const gaps: Gap[] = [];
    for (let i = 1; i < uses.length; i++) {
      const [from, until] = [uses[i - 1], uses[i]];
      if (this.#relief(this.#alive, bytesOf(value), from, until) === 0) continue;
      const cost = { values: 0, seconds: 0, kept: 0, present: new Set<Tensor>() };
      if (!this.#add(cost, value, until)) continue;
      const worth = this.#relief(this.#alive, bytesOf(value) - cost.kept, from, until) / cost.seconds;
      if (worth > 0) gaps.push({ value, from, until, cost, worth });
    }
    return gaps;
  }

  /** Whether a value is there at a stage anyway, or so much smaller than what is computed from it that it may be kept until then. */
  #present(value: Tensor, at: number, result: Tensor): boolean {
    return (
      isSource(value) || this.#lifetimes.get(value)!.to >= at || bytesOf(value) <= SMALL * bytesOf(result)
    );
  }

  /** Adds what it takes to compute a value for a stage; false where that is too much. */
  #add(cost: Cost, value: Tensor, at: number): boolean {
    if (this.#fixed.has(value) || ++cost.values > MOST_VALUES) return false;
    cost.seconds += this.#seconds.get(value)!;
    for (const x of new Set(this.#reads.get(value)!)) {
      if (!this.#present(x, at, value)) {
        if (!this.#add(cost, x, at)) return false;
      } else if (!cost.present.has(x)) {
        cost.present.add(x);
        if (this.#lifetimes.get(x)!.to < at) cost.kept += bytesOf(x);
      }
    }
    return true;
  }

  /** The roots of the graph in which the candidates' later readers read values computed anew. */
  apply(candidates: readonly Candidate[]): Tensor[] {
    const { stages, roots } = this.#schedule;
    const until = new Map(candidates.map((c) => [c.value, c.until]));
    const moved = new Map<Tensor, Tensor>();
    const own = (t: Tensor) => moved.get(t) ?? t;
    const anew = new Map<string, Tensor>();
    const isStored = { has: (t: Tensor) => isSource(t) || this.#reads.has(t) };

    /** The value of a stored node for a stage. */
    const valueAt = (t: Tensor, at: number): Tensor => {
      const from = until.get(t);
      return from === undefined || at < from ? own(t) : again(t, from);
    };
    /** A stored node computed anew for a stage, when all stages before it have run. */
    const again = (t: Tensor, at: number): Tensor => {
      const key = `${t.id} ${at}`;
      const known = anew.get(key);
      if (known !== undefined) return known;
      const last = own(stages[at - 1].writes[0]);
      const made = rebuild(t, (x) => (this.#present(x, at, t) ? after(own(x), [last]) : again(x, at)));
      anew.set(key, made);
      return made;
    };
    /** A node with the stored values that it is computed from replaced. */
    const rebuild = (node: Tensor, value: (stored: Tensor) => Tensor): Tensor => {
      const local = new Map<Tensor, Tensor>();
      const valueOf = (x: Tensor) => (isStored.has(x) ? value(x) : local.get(x)!);
      for (const t of [...topologicalOrder(node.inputs, isStored), node])
        if (t === node || !isStored.has(t)) local.set(t, withInputs(t, inputsOf(t, valueOf)));
      return local.get(node)!;
    };
    /** What a view only waits for is not computed anew for that. */
    const inputsOf = (t: Tensor, valueOf: (x: Tensor) => Tensor): Tensor[] =>
      t.inputs.map((x, i) => (i > 0 && isView(t) && isStored.has(x) ? own(x) : valueOf(x)));

    stages.forEach(({ writes }, at) => {
      for (const t of writes)
        if (!isSource(t))
          moved.set(
            t,
            rebuild(t, (x) => valueAt(x, at)),
          );
    });
    return roots.map((root) => (isStored.has(root) ? own(root) : rebuild(root, own)));
  }
}

function withInputs(node: Tensor, inputs: readonly Tensor[]): Tensor {
  if (inputs.every((x, i) => x === node.inputs[i])) return node;
  const { op, attrs, shape, dtype, origin } = node;
  return withOrigin(origin, () => new Tensor(op, inputs, attrs, shape, dtype));
}
