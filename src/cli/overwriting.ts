import { stat } from 'node:fs/promises';
import { UsageError } from './errors.ts';

/** What tells a file from others, whatever path leads to it; undefined where there is none. */
async function identityOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.dev}:${found.ino}`;
}

/**
 * Checks that what is to be written replaces nothing of what is read.
 * @throws UsageError naming the first file that is both.
 */
export async function refuseOverwriting(
  command: string,
  outputs: readonly string[],
  inputs: readonly string[],
): Promise<void> {
  const read = new Set(await Promise.all(inputs.map(identityOf)));
  for (const output of outputs) {
    const identity = await identityOf(output);
    if (identity !== undefined && read.has(identity))
      throw new UsageError(
        `${command}: ${output} would be replaced, but it is one of the pictures given: write to another folder or file`,
      );
  }
}
