import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateTask, proceduralTasks, writeTask } from '../../src/data/index.ts';
import { runtimeArguments } from '../runtime.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Record<string, string>;
  /** Is told of all output so far whenever there is more. */
  readonly onOutput?: (text: string, child: ChildProcess) => void;
}

/**
 * Runs the program as a user would: on Deno its sources; on Node what they are built to, which `npm test` does first, and which starts
 * in a fraction of the time that Node 20 takes to read hundreds of files of TypeScript.
 */
export const medetection = (args: readonly string[], options?: RunOptions): Promise<Ended> =>
  runFile(process.versions.deno ? 'src/cli/main.ts' : 'dist/cli/main.js', args, options);

/** Runs a file of the repository. */
export function runFile(
  path: string,
  args: readonly string[],
  { env, onOutput }: RunOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const how = path.endsWith('.ts') || process.versions.deno ? runtimeArguments() : [];
    const child = spawn(process.execPath, [...how, path, ...args], {
      cwd: root,
      env: { ...process.env, MEDETECTION_DEBUG: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 240_000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      onOutput?.(stdout + stderr, child);
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
      onOutput?.(stdout + stderr, child);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Sends a signal. Not by `child.kill`, after which Deno reports the signal as the end, whatever the exit code. */
export function send(child: ChildProcess, signal: 'SIGINT' | 'SIGTERM'): void {
  process.kill(child.pid!, signal);
}

/** The JSON lines of a program's stdout. */
// biome-ignore lint/suspicious/noExplicitAny: whatever the program wrote
export const records = (stdout: string): any[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** A folder that goes with the process. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'medetection cli-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Four small drawn tasks of 32 px under `folder`, and one that is too small to learn from. */
export async function drawData(folder: string): Promise<string> {
  const chosen = proceduralTasks.filter(({ family }) => family === 'stain').slice(0, 5);
  for (const [i, task] of chosen.entries()) {
    const each = i === 4 ? 2 : 12;
    await writeTask(folder, generateTask({ ...task, size: 32, normal: each, defective: each, seed: i }));
  }
  return folder;
}

/** Names of the tasks of {@link drawData}. */
export const drawn = {
  target: 'brushed_metal_stain',
  learned: ['concrete_stain', 'wood_stain', 'woven_fabric_stain'],
  small: 'tiles_stain',
};

/** Options that make a model and its training small. */
export const smallModel = ['--size', '32', '--width', '8'];
export const smallMeta = [...smallModel, '--tasks-per-step', '2', '--support', '4', '--query', '4'];
