import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { type Cell, cellFiles } from './cell.ts';

/** How a cell ended. */
export type Outcome =
  | { readonly state: 'done'; readonly seconds: number }
  | { readonly state: 'failed'; readonly reason: string; readonly log: string }
  /** Not begun, since a cell that it needs failed. */
  | { readonly state: 'blocked'; readonly by: string }
  /** Stopped on request; what it had done is saved. */
  | { readonly state: 'stopped' };

export interface ScheduleHooks {
  readonly onBegin?: (cell: Cell) => void;
  readonly onEnd?: (cell: Cell, outcome: Outcome) => void;
  /** Begins no more cells, and stops those that run, which save what they have done. */
  readonly signal?: AbortSignal;
}

/** Some cells of a list with all that they need, directly or through others; in the order of the list. */
export function withNeeds(cells: readonly Cell[], some: readonly Cell[]): Cell[] {
  const byId = new Map(cells.map((cell) => [cell.id, cell]));
  const wanted = new Set<string>();
  const add = (cell: Cell) => {
    if (wanted.has(cell.id)) return;
    wanted.add(cell.id);
    for (const { id } of cell.needs) {
      const need = byId.get(id);
      if (need !== undefined) add(need);
    }
  };
  for (const cell of some) add(cell);
  return cells.filter(({ id }) => wanted.has(id));
}

/**
 * Runs cells, each in a process of its own and as many at once as `jobs`: the first in order whose needs are met. A cell that
 * fails stops none but those that need it.
 * @param cells those to run, with those they need before them; a need that is not among them is met already.
 * @param command the program and arguments that run a cell.
 */
export async function runCells(
  folder: string,
  cells: readonly Cell[],
  jobs: number,
  command: (cell: Cell) => readonly string[],
  { onBegin, onEnd, signal }: ScheduleHooks = {},
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const waiting = new Map(cells.map((cell) => [cell.id, cell]));
  const running = new Map<string, Promise<void>>();
  const end = (cell: Cell, outcome: Outcome) => {
    outcomes.set(cell.id, outcome);
    onEnd?.(cell, outcome);
  };
  const isMet = ({ id }: { id: string }) =>
    !waiting.has(id) && !running.has(id) && (outcomes.get(id)?.state ?? 'done') === 'done';
  const begin = (cell: Cell) => {
    waiting.delete(cell.id);
    onBegin?.(cell);
    const ended = runProcess(folder, cell, command(cell), signal).then((outcome) => {
      running.delete(cell.id);
      end(cell, outcome);
    });
    running.set(cell.id, ended);
  };
  for (;;) {
    for (const cell of waiting.values()) {
      const failed = cell.needs.find(({ id }) =>
        ['failed', 'blocked'].includes(outcomes.get(id)?.state ?? ''),
      );
      if (failed === undefined) continue;
      waiting.delete(cell.id);
      end(cell, { state: 'blocked', by: failed.id });
    }
    while (running.size < jobs && !signal?.aborted) {
      const ready = [...waiting.values()].find((cell) => cell.needs.every(isMet));
      if (ready === undefined) break;
      begin(ready);
    }
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  for (const cell of waiting.values()) end(cell, { state: 'stopped' });
  return outcomes;
}

/** How a cell's process says that it was stopped and has saved. */
const INTERRUPTED = 130;

/** Runs a cell's process to its end, with its output in the cell's log. */
async function runProcess(
  folder: string,
  { id }: Cell,
  [program, ...args]: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const begun = performance.now();
  const log = cellFiles.log(folder, id);
  const file = await open(log, 'a');
  try {
    const child = spawn(program, args, { stdio: ['ignore', file.fd, file.fd] });
    // Not by `child.kill`, after which Deno reports the signal as the end, whatever the exit code.
    const stop = () => {
      try {
        process.kill(child.pid as number, 'SIGTERM');
      } catch {
        // It has ended in the meantime.
      }
    };
    child.once('spawn', () => {
      if (signal?.aborted) stop();
    });
    signal?.addEventListener('abort', stop);
    const [code, name, error] = await new Promise<[number | null, string | null, Error?]>((resolve) => {
      child.on('error', (error) => resolve([null, null, error]));
      child.on('close', (code, name) => resolve([code, name]));
    });
    signal?.removeEventListener('abort', stop);
    if (code === 0) return { state: 'done', seconds: (performance.now() - begun) / 1000 };
    if (signal?.aborted && (code === INTERRUPTED || name !== null)) return { state: 'stopped' };
    const reason = error?.message ?? (name === null ? `exit code ${code}` : `ended by ${name}`);
    return { state: 'failed', reason, log };
  } finally {
    await file.close();
  }
}
