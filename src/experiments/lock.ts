import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { Interrupted } from '../medetection/index.ts';

/** A lock that is held is touched so often, and one that was not touched for so long is nobody's, in ms. */
const TOUCH = 10_000;
const STALE = 120_000;
/** Waiting looks so often, in ms. */
const LOOK = 500;

interface Holder {
  readonly host: string;
  readonly pid: number;
}

/**
 * Runs `work` while no other process that asks for the same lock does: on this machine, or on another one that sees the file. A
 * lock whose process is gone is taken over. (Two that take one over in the same instant may both run; cells are deterministic and
 * their files replaced whole, so that this costs time alone.)
 * @param onWait is told who holds the lock, before the first wait.
 * @throws Interrupted when the signal is raised while waiting.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  { onWait, signal }: { readonly onWait?: (holder: string) => void; readonly signal?: AbortSignal } = {},
): Promise<T> {
  for (let waited = false; !(await take(path)); waited = true) {
    if (signal?.aborted) throw new Interrupted(`stopped while waiting for ${path}; nothing was begun`);
    const holder = await holderOf(path);
    if (holder === undefined) continue;
    if (await isStale(path, holder)) {
      await rm(path, { force: true });
      continue;
    }
    if (!waited) onWait?.(`process ${holder.pid} on ${holder.host}`);
    await new Promise((done) => setTimeout(done, LOOK));
  }
  const touching = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, TOUCH);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    await rm(path, { force: true });
  }
}

/** Makes the file, unless it is there. */
async function take(path: string): Promise<boolean> {
  const file = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return undefined;
    throw error;
  });
  if (file === undefined) return false;
  const holder: Holder = { host: hostname(), pid: process.pid };
  await file.writeFile(JSON.stringify(holder));
  await file.close();
  return true;
}

/** Who holds a lock; undefined if it was just released. */
async function holderOf(path: string): Promise<Holder | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return { host: 'a machine', pid: 0 }; // Its name is not written yet.
  }
}

async function isStale(path: string, { host, pid }: Holder): Promise<boolean> {
  if (host === hostname() && pid > 0) {
    try {
      process.kill(pid, 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true;
    }
  }
  const touched = await stat(path).catch(() => undefined);
  return touched !== undefined && Date.now() - touched.mtimeMs > STALE;
}
