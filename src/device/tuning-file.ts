import type { AdapterInfo } from './capabilities.ts';
import type { Runtime } from './device.ts';
import { detectRuntime, environment } from './runtime.ts';
import { parseTuning, type Tuning } from './tuning.ts';
import { runtimeVersions } from './versions.ts';

/*
 * Tunings that were found, by adapter: `tuning.json` in the user's cache. Read whenever a device is opened; what is wrong with
 * the file is told once and costs no more than the default tuning.
 */

/**
 * Where the tunings are: `tuning.json` in the folder MEDETECTION_CACHE, else `medetection` in the user's cache (LOCALAPPDATA,
 * XDG_CACHE_HOME or ~/.cache). Undefined in a browser, which has no files, and for MEDETECTION_CACHE=none.
 */
export async function tuningPath(): Promise<string | undefined> {
  const chosen = environment('MEDETECTION_CACHE');
  if (detectRuntime() === 'browser' || chosen === 'none') return undefined;
  const [{ join }, { homedir }] = await Promise.all([import('node:path'), import('node:os')]);
  if (chosen) return join(chosen, 'tuning.json');
  const local = process.platform === 'win32' && environment('LOCALAPPDATA');
  const user = local || environment('XDG_CACHE_HOME') || join(homedir(), '.cache');
  return join(user, 'medetection', 'tuning.json');
}

/**
 * What a tuning is found again by: the adapter, whose description names its driver as a rule, who compiles the shaders, and the
 * version of this library, whose kernels they are.
 */
export async function tuningKey(info: AdapterInfo, runtime: Runtime): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  const { webgpu, deno } = await runtimeVersions(runtime);
  const adapter = [info.vendor, info.architecture, info.device, info.description].filter((part) => part);
  return [adapter.join(' '), deno ? `deno ${deno}` : `webgpu ${webgpu}`, `medetection ${version}`].join('; ');
}

/** All that the file holds, by key; nothing where there is none. @throws Error saying what is wrong with it */
export async function readTunings(path: string): Promise<Record<string, unknown>> {
  const { readFile } = await import('node:fs/promises');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('it holds no record of tunings by adapter');
  return value as Record<string, unknown>;
}

let warned = false;

/** The tuning found for an adapter; undefined where there is none, and, with one warning, where the file is broken. */
export async function savedTuning(info: AdapterInfo, runtime: Runtime): Promise<Tuning | undefined> {
  const path = await tuningPath();
  if (path === undefined) return undefined;
  try {
    const saved = (await readTunings(path))[await tuningKey(info, runtime)];
    if (saved === undefined) return undefined;
    const tuning = parseTuning(saved);
    if (tuning === undefined) throw new Error('its entry for this adapter is no tuning');
    return tuning;
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    if (!warned)
      console.warn(
        `warning: ${path} is ignored: ${why}; kernels keep their default tuning ("medetection tune" writes the file anew)`,
      );
    warned = true;
    return undefined;
  }
}
