import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const advice: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free space and try again',
  EDQUOT: 'the disk quota is used up: free space and try again',
  EFBIG: 'the file would be larger than this process or file system may write',
  ENOENT: 'its folder does not exist: create it first',
  EACCES: 'no permission to write there',
  EPERM: 'no permission to write there',
  EROFS: 'the file system is read-only',
  EISDIR: 'a folder of that name is in the way',
};

/** Some systems and runtimes cannot open or sync a folder; the file itself is already on the disk by then. */
const syncFolder = async (folder: string): Promise<void> => {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch {
    // Only how soon the rename itself survives a power cut is at stake.
  } finally {
    await handle?.close();
  }
};

let sequence = 0;

/**
 * Writes a file so that a reader, and a crash at any moment, sees either the old content or the new one, whole: the bytes go
 * to a temporary file in the same folder, are synced to the disk, and replace the old file by a rename.
 * @throws Error with the path, the system's code and what to do; the temporary file is then removed and the old file unchanged.
 */
export const writeFileAtomic = async (path: string, content: Uint8Array | string): Promise<void> => {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.${sequence++}.tmp`);
  let handle: FileHandle | undefined;
  let created = false;
  try {
    handle = await open(temporary, 'wx');
    created = true;
    await handle.writeFile(content);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(temporary, path);
  } catch (error) {
    await handle?.close().catch(() => {});
    if (created) await rm(temporary, { force: true }).catch(() => {});
    const { code = 'unknown error', message } = error as NodeJS.ErrnoException;
    throw new Error(
      `writeFileAtomic: ${path}: ${advice[code] ?? message} (${code}); what was there before is unchanged`,
      {
        cause: error,
      },
    );
  }
  await syncFolder(folder);
};
