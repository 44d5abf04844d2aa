import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Device, Tuning } from '../device/index.ts';
import { readTunings, tuningKey } from '../device/tuning-file.ts';
import { writeFileAtomic } from '../store/index.ts';

/**
 * Writes a tuning where devices on this adapter look for it, beside those of other adapters. A file that cannot be read is
 * replaced: nobody else can read it either.
 *
 * @param path what `tuningPath` gives
 * @throws Error with the path, as `writeFileAtomic`
 */
export async function saveTuning(path: string, device: Device, tuning: Tuning): Promise<void> {
  const others = await readTunings(path).catch(() => ({}));
  const key = await tuningKey(device.adapterInfo, device.runtime);
  await writeFileAtomic(path, `${JSON.stringify({ ...others, [key]: tuning }, null, 2)}\n`);
}

/** Makes the folder of a file. @throws Error saying where tunings may go instead */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : cause;
    throw new Error(
      `cannot make the folder of ${path} (${why}); set MEDETECTION_CACHE to a writable folder`,
      { cause },
    );
  }
}
