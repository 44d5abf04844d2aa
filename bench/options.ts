import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { integer } from '../src/cli/flags.ts';
import { type Device, defaultDevice } from '../src/device/index.ts';
import { savePlot } from '../src/plot/index.ts';

/** Options of every benchmark. */
export interface BenchOptions {
  readonly adapter?: string;
  readonly rounds: number;
  readonly json?: string;
}

/** With what it is compared. */
export interface CompareOptions {
  readonly compare?: string;
}

/** Where a benchmark also draws. */
export interface PlotOptions {
  readonly svg?: string;
}

/** Adds the options of every benchmark. */
export const addBenchOptions = (command: Command, rounds: number): Command =>
  command
    .option('--adapter <name>', 'auto, gpu, software, lavapipe, swiftshader, or part of an adapter name')
    .option('--rounds <n>', 'how often everything is measured, in turn', integer(1), rounds)
    .option('--json <file>', 'write all figures to this file');

/** Adds the option of a benchmark that is compared with an earlier run. */
export const addCompare = (command: Command): Command =>
  command.option('--compare <file>', 'tell what has changed since the run that wrote this JSON');

/** What was measured, with the machine that it was measured on, as a file if one is asked for. */
export async function writeJson({ json }: BenchOptions, report: object): Promise<void> {
  if (json === undefined) return;
  const { adapterInfo: adapter, capabilities, runtime }: Device = await defaultDevice();
  writeFileSync(json, `${JSON.stringify({ runtime, adapter, capabilities, ...report }, null, 1)}\n`);
}

/** The plot as a file if one is asked for, `.svg` or `.png`. */
export async function writePlot({ svg }: PlotOptions, draw: () => Promise<string>): Promise<void> {
  if (svg !== undefined) await savePlot(svg, await draw());
}

/** Milliseconds, with three digits or more. */
export const milli = (seconds: number): string => `${(1e3 * seconds).toFixed(seconds < 0.1 ? 2 : 0)} ms`;
