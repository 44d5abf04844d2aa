import { bytesOf, type Tensor } from '../graph/tensor.ts';
import { contiguousBase } from './storage.ts';

/** Work that reads and writes stored values. */
interface Work {
  readonly nodes: readonly Tensor[];
  readonly reads: ReadonlySet<Tensor>;
  /** What must exist before: what is read and, maybe, more to wait for. */
  readonly needs: ReadonlySet<Tensor>;
}

/**
 * Orders work so that every value is written before it is needed, close to the given order of nodes; but whatever is ready
 * and frees at least as much memory as it takes goes first. So one task of a meta-batch is finished, weight
 * gradients and all, before the activations of the next are made.
 */
export function inOrder<W extends Work>(
  works: readonly W[],
  order: readonly Tensor[],
  outputs: readonly Tensor[],
): W[] {
  const writer = new Map<Tensor, W>(works.flatMap((w) => w.nodes.map((node) => [node, w] as const)));
  const waiting = new Map<Tensor, W[]>();
  const missing = new Map<W, number>();
  const unread = new Map<Tensor, number>();
  for (const work of works) {
    const made = [...work.needs].filter((t) => writer.has(t));
    missing.set(work, made.length);
    for (const t of made) {
      waiting.set(t, [...(waiting.get(t) ?? []), work]);
      if (work.reads.has(t)) unread.set(t, (unread.get(t) ?? 0) + 1);
    }
  }
  const kept = new Set(outputs.map(contiguousBase));
  const ready = new Set(works.filter((w) => missing.get(w) === 0));
  const done = new Set<W>();
  const result: W[] = [];

  /** Takes work up after all that it waits for; iterative, since what waits may be deeper than the call stack. */
  const place = (wanted: W) => {
    const stack = [wanted];
    for (let work = stack.at(-1); work !== undefined; work = stack.at(-1)) {
      const waitsFor = [...work.needs]
        .map((t) => writer.get(t))
        .filter((w) => w !== undefined && !done.has(w));
      if (waitsFor.length > 0) stack.push(...(waitsFor.reverse() as W[]));
      else {
        stack.pop();
        if (!done.has(work)) take(work);
      }
    }
  };
  const take = (work: W) => {
    done.add(work);
    ready.delete(work);
    result.push(work);
    for (const t of work.reads) if (unread.has(t)) unread.set(t, unread.get(t)! - 1);
    for (const node of work.nodes)
      for (const next of waiting.get(node) ?? []) {
        const left = missing.get(next)! - 1;
        missing.set(next, left);
        if (left === 0) ready.add(next);
      }
  };
  const frees = (work: W): boolean => {
    const taken = work.nodes.reduce((n, t) => n + bytesOf(t), 0);
    let freed = 0;
    for (const t of work.reads) if (unread.get(t) === 1 && !kept.has(t)) freed += bytesOf(t);
    return freed >= taken;
  };
  for (const node of order) {
    const work = writer.get(node);
    if (work === undefined || done.has(work)) continue;
    place(work);
    for (let next = find(ready, frees); next !== undefined; next = find(ready, frees)) place(next);
  }
  return result;
}

function find<T>(set: ReadonlySet<T>, test: (item: T) => boolean): T | undefined {
  for (const item of set) if (test(item)) return item;
  return undefined;
}
