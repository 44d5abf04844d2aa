import type { Runtime } from './device.ts';

/** The JavaScript runtime that this code runs on. */
export function detectRuntime(): Runtime {
  const globals = globalThis as { Deno?: unknown; process?: { versions?: { node?: string } } };
  if (globals.Deno) return 'deno';
  return globals.process?.versions?.node ? 'node' : 'browser';
}

/** An environment variable, or undefined where there is none or there are none (browsers). */
export function environment(name: string): string | undefined {
  return detectRuntime() === 'browser' ? undefined : process.env[name];
}
