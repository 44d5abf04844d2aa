import { basename, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const quoted = (word: string): string =>
  /^[\w@%+=:,./\\-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

const main = fileURLToPath(new URL(import.meta.url)).replace(/invocation\.(ts|js)$/, 'main.$1');

/** What starts this program again as it was started: the runtime, its arguments, the program's file. */
export const thisProgram = (): string[] => [
  process.execPath,
  ...(process.versions.deno ? ['run', '-A'] : process.execArgv),
  main,
];

/** How this program was started, so that what it suggests can be typed as it stands. */
function program(): string[] {
  const path = relative(process.cwd(), main);
  if (main.includes(`${sep}node_modules${sep}`)) return ['npx', 'medetection'];
  if (process.versions.deno) return ['deno', 'run', '-A', path];
  // Node says since 22.10 whether it runs TypeScript as it is.
  const { typescript } = process.features as { typescript?: unknown };
  if (basename(main) === 'main.js' || typescript) return ['node', path];
  return ['npx', 'tsx', path];
}

/** A command line of this program. */
export const commandLine = (...words: string[]): string => [...program(), ...words].map(quoted).join(' ');

/** A path as people would type it: relative if it is below the working directory. */
export const shortPath = (path: string): string => {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
};
