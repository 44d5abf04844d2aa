/**
 * Runs every test/**\/*.test.ts in a process of its own: `npm test [-- filter]`.
 *
 * A filter takes only the files whose path contains it. MEDETECTION_TEST_SECONDS is the time limit per file (default
 * 300), MEDETECTION_TEST_JOBS the number of files at once (default: one more than cores, as files wait too), MEDETECTION_TEST_UNTIL the
 * second since 1970 from which on no further file is begun (default: none); those that were not are listed, and files that run whole
 * programs come last, so that most of what can be tested is tested by then. Ends with one line, `N passed, N failed`; a file that
 * crashes, hangs, or runs no test (unless it says that what it needs is absent) counts as failed. All run on the runtime that
 * runs this file.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runtimeArguments } from './runtime.ts';

interface Result {
  passed: number;
  failed: number;
  /** Why the file as a whole failed, beyond its failed tests. */
  trouble?: string;
  output: string;
  seconds: number;
}

/** How a test says that what it needs is absent (data, a system that starts the browser, a feature), which is no failure. */
const ABSENT = /not run\b.*(\.\.\/shared is absent|the browser cannot start|the device has no subgroups)/;

/** Files that run whole programs, many seconds each. */
const PROGRAMS = /^test[\\/](bench|browser|cli)[\\/]/;

const root = fileURLToPath(new URL('..', import.meta.url));
const testFolder = fileURLToPath(new URL('.', import.meta.url));

function runFile(file: string, limitSeconds: number): Promise<Result> {
  const start = performance.now();
  return new Promise((resolve) => {
    // A group of its own, so that what a hanging test has started ends with it.
    const child = spawn(process.execPath, [...runtimeArguments(), file], {
      cwd: root,
      // What the user tuned must not change what is tested.
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, MEDETECTION_CACHE: 'none' },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let trouble: string | undefined;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
      });
    }
    const stop = () => {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        child.kill('SIGKILL'); // No group on Windows.
      }
    };
    const watchdog = setTimeout(() => {
      trouble = `stopped after ${limitSeconds} s`;
      stop();
    }, limitSeconds * 1000);
    process.once('exit', stop);
    child.on('error', (error) => {
      trouble = `did not start: ${error.message}`;
    });
    child.on('close', (code, signal) => {
      clearTimeout(watchdog);
      process.off('exit', stop);
      resolve({
        ...judge(output, code, signal, trouble),
        output,
        seconds: (performance.now() - start) / 1000,
      });
    });
  });
}

/** Counts from uvu's summaries in the output, checked against how the process ended. */
function judge(output: string, code: number | null, signal: string | null, trouble?: string) {
  const sum = (label: string) =>
    [...output.matchAll(new RegExp(`^\\s+${label}:\\s+(\\d+)`, 'gm'))].reduce(
      (n, match) => n + Number(match[1]),
      0,
    );
  const total = sum('Total');
  const passed = sum('Passed');
  let failed = total - passed;
  let why = trouble;
  if (!why && code !== 0 && failed === 0)
    why = signal ? `ended by ${signal}` : `ended with exit code ${code}`;
  if (!why && total === 0 && !ABSENT.test(output)) why = 'ran no test';
  if (why) failed++;
  return { passed, failed, trouble: why };
}

async function main(): Promise<void> {
  const filter = process.argv[2] ?? '';
  const limit = Number(process.env.MEDETECTION_TEST_SECONDS ?? 300);
  const until = Number(process.env.MEDETECTION_TEST_UNTIL ?? Number.POSITIVE_INFINITY);
  const jobs = Number(process.env.MEDETECTION_TEST_JOBS ?? availableParallelism() + 1);
  const files = (readdirSync(testFolder, { recursive: true }) as string[])
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => relative(root, `${testFolder}${name}`))
    .filter((path) => path.includes(filter))
    .sort((a, b) => Number(PROGRAMS.test(a)) - Number(PROGRAMS.test(b)) || (a < b ? -1 : 1));
  if (files.length === 0) console.log(`no test file's path contains "${filter}"`);

  let passed = 0;
  let failed = 0;
  const queue = [...files];
  const next = () => (Date.now() < 1000 * until ? queue.shift() : undefined);
  const worker = async () => {
    for (let file = next(); file !== undefined; file = next()) {
      const result = await runFile(file, limit);
      passed += result.passed;
      failed += result.failed;
      report(file, result);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  if (queue.length > 0)
    console.log(`time was up: ${queue.length} of ${files.length} files were not run: ${queue.join(' ')}`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || files.length === 0 ? 1 : 0;
}

function report(file: string, { passed, failed, trouble, output, seconds }: Result): void {
  const time = `${seconds.toFixed(1)} s`;
  // What a test says about itself, such as data that is absent, is shown of a passing file too.
  const notes = output.split('\n').filter((line) => ABSENT.test(line));
  if (failed === 0) {
    console.log(`ok    ${file}: ${passed} passed (${time})`);
    for (const note of notes) console.log(`      ${note.trim()}`);
  } else {
    console.log(
      `FAIL  ${file}: ${passed} passed, ${failed} failed${trouble ? ` (${trouble})` : ''} (${time})`,
    );
    console.log(output.trimEnd().replace(/^/gm, '  | '));
  }
}

// So that the processes started here are ended too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
await main();
