import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Runs a test in a temporary folder with these files (path -> content), and removes it afterwards. */
export const withFolder = async (
  files: Readonly<Record<string, Uint8Array | string>>,
  test: (root: string) => Promise<void>,
): Promise<void> => {
  const root = mkdtempSync(join(tmpdir(), 'medetection-data-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), content);
    }
    await test(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};

/** Empty files of these names. */
export const named = (...names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, '']));
