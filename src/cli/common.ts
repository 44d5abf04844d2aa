import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type OnCompile, openDevice, setDefaultDevice } from '../device/index.ts';
import { onInterrupt } from './interrupt.ts';
import { makeOutput, type Output } from './output.ts';
import { type Progress, startLines } from './progress.ts';

/** Options of every command. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly adapter?: string;
}

/** Adds the options of every command. */
export const addCommon = (command: Command): Command =>
  command
    .option('--adapter <name>', 'auto, gpu, software, lavapipe, swiftshader, or part of an adapter name')
    .option('--json', 'write JSON for machines to stdout, and all text for people to stderr');

export const outputOf = ({ json }: CommonOptions): Output => makeOutput(json);

/**
 * Runs `work` with the device that the user chose as the one that everything computes on, and a signal that Ctrl-C raises.
 * Both end with it. (Not by `using`, which Node 22 does not know.)
 */
export async function withDevice(
  { adapter }: CommonOptions,
  output: Output,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const interrupt = onInterrupt();
  try {
    const device = await openDevice({ adapter });
    try {
      setDefaultDevice(device);
      device.onCompile = compileUi();
      const { description, device: name, vendor } = device.adapterInfo;
      output.print(`adapter: ${description || name || vendor}`);
      await work(interrupt.signal);
    } finally {
      device.dispose();
    }
  } finally {
    interrupt.dispose();
  }
}

/** What is shown while a plan's kernels compile: a line every few seconds, since a bar may be under way. */
function compileUi(): OnCompile {
  let progress: Progress | undefined;
  return (done, total) => {
    if (done === 0) progress = startLines('compiling', 'kernel', total);
    progress?.update(done);
  };
}

/** A folder for a run that does not exist yet: `runs/<name>-<n>`. */
export function newRunFolder(name: string): string {
  for (let n = 1; ; n++) {
    const folder = join('runs', `${name}-${n}`);
    if (!existsSync(folder)) return folder;
  }
}
