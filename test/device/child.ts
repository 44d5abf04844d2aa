import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runtimeArguments } from '../runtime.ts';

export interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** Runs `open-child.ts` in a process of its own; it is killed after `limitSeconds`. */
export function openInChild(
  args: string[],
  env: Record<string, string> = {},
  options: { cwd?: string; script?: string; limitSeconds?: number } = {},
): Promise<Ended> {
  const script = options.script ?? fileURLToPath(new URL('./open-child.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...runtimeArguments(), script, ...args], {
      cwd: options.cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: (options.limitSeconds ?? 60) * 1000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
