import { readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { formatOfName } from './format.ts';

/** The pictures among some files and folders. */
export interface Pictures {
  /** Absolute paths, in the order in which they were given, those of a folder sorted by name; none twice. */
  readonly paths: readonly string[];
  /** Files in folders that are no PNG, JPEG, BMP or TIFF by name; hidden ones are not counted. */
  readonly others: number;
}

/**
 * The pictures among files and folders, of a folder with all folders in it; links are followed, and no folder is entered
 * twice. A file that is given itself counts whatever its name, so that reading it tells what is wrong with it.
 * @throws Error naming a folder that cannot be read, or one that was given and holds no picture.
 */
export async function findPictures(given: readonly string[]): Promise<Pictures> {
  const paths = new Set<string>();
  const entered = new Set<string>();
  let others = 0;
  const isFolder = async (path: string): Promise<boolean> =>
    // A link that leads nowhere is left to the reader, which names it.
    (await stat(path).catch(() => undefined))?.isDirectory() ?? false;

  /** How many pictures are in a folder. */
  const enter = async (folder: string): Promise<number> => {
    const real = await realpath(folder);
    if (entered.has(real)) return 0;
    entered.add(real);
    let count = 0;
    for (const name of (await readdir(folder)).sort()) {
      if (name.startsWith('.')) continue;
      const path = join(folder, name);
      if (await isFolder(path)) count += await enter(path);
      else if (formatOfName(name)) {
        paths.add(path);
        count++;
      } else others++;
    }
    return count;
  };

  for (const path of given.map((p) => resolve(p))) {
    if (!(await isFolder(path))) {
      paths.add(path);
      continue;
    }
    if (entered.has(await realpath(path))) continue;
    const count = await enter(path).catch((error: NodeJS.ErrnoException) => {
      throw new Error(
        `findPictures: ${error.path ?? path}: the folder cannot be read (${error.code ?? error.message})`,
      );
    });
    if (count === 0)
      throw new Error(
        `findPictures: ${path}: no PNG, JPEG, BMP or TIFF picture is in it, nor in a folder below`,
      );
  }
  return { paths: [...paths], others };
}
