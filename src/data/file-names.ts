import { basename, extname } from 'node:path';

/** A name for each picture's files: its own without the extension, with a number where that is taken. */
export function fileNames(paths: readonly string[]): string[] {
  const next = new Map<string, number>();
  const taken = new Set<string>();
  return paths.map((path) => {
    const stem = basename(path, extname(path));
    let n = next.get(stem) ?? 1;
    let name = n === 1 ? stem : `${stem}-${n}`;
    while (taken.has(name)) name = `${stem}-${++n}`;
    next.set(stem, n + 1);
    taken.add(name);
    return name;
  });
}
