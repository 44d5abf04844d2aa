import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { type DefectFamily, defectFamilies, type TextureName, textures } from './catalogue.ts';
import { renderSample, type Sample } from './render.ts';

/** One inspection task: a product (one texture) and what may be wrong with it (one family of defects). */
export interface TaskOptions {
  readonly name: string;
  readonly texture: TextureName;
  readonly family: DefectFamily;
  /** Side of the images in pixels, 16 or more. */
  readonly size: number;
  /** Number of normal images. */
  readonly normal: number;
  /** Number of defective images. */
  readonly defective: number;
  /** Decides product and images; tasks with different seeds are different products. */
  readonly seed: number | string;
}

export interface TaskSample extends Sample {
  /** 0 normal, 1 defective. */
  readonly label: 0 | 1;
}

export interface ProceduralTask {
  readonly name: string;
  readonly texture: TextureName;
  readonly family: DefectFamily;
  /** Normal samples first. */
  readonly samples: readonly TaskSample[];
}

/** Every pair of a texture and a defect family, named like `wood_stain`. */
export const proceduralTasks: readonly Pick<TaskOptions, 'name' | 'texture' | 'family'>[] = textures.flatMap(
  (texture) => defectFamilies.map((family) => ({ name: `${texture}_${family}`, texture, family })),
);

/**
 * Draws a task in memory. The n-th image of a class is the same whatever the counts.
 * @throws RangeError on a count that is not a whole number, and as `renderSample`.
 */
export const generateTask = (options: TaskOptions): ProceduralTask => {
  const { name, texture, family, size, normal, defective, seed } = options;
  for (const [what, count] of Object.entries({ normal, defective })) {
    if (!Number.isInteger(count) || count < 0) {
      throw new RangeError(`generateTask: ${name}: ${what} is ${count}: give a whole number of images`);
    }
  }
  const draw = (label: 0 | 1, index: number): TaskSample => ({
    label,
    ...renderSample({
      texture,
      defect: label === 1 ? family : 'good',
      size,
      seed: `${seed}/${label}/${index}`,
      product: seed,
    }),
  });
  const samples = [
    ...Array.from({ length: normal }, (_, k) => draw(0, k)),
    ...Array.from({ length: defective }, (_, k) => draw(1, k)),
  ];
  return { name, texture, family, samples };
};

/** `classes`: `0/` and `1/`, no masks. `mvtec`: `train/good`, `test/good`, `test/<family>`, `ground_truth/<family>/*_mask.png`. */
export type TaskLayout = 'classes' | 'mvtec';

/** Of the normal images, the share that the `mvtec` layout puts under `train/`. */
const trainShare = 0.7;

const encodeMask = ({ image, mask }: Sample): Uint8Array =>
  encode({ width: image.width, height: image.height, channels: 1, depth: 8, data: mask });

const encodeImage = ({ image }: Sample): Uint8Array =>
  encode({ width: image.width, height: image.height, channels: 3, depth: 8, data: image.data });

/** Files of a task: path within its folder, and content. */
const taskFiles = function* (task: ProceduralTask, layout: TaskLayout): Generator<[string, Uint8Array]> {
  const number = (k: number) => String(k).padStart(3, '0');
  const normal = task.samples.filter((s) => s.label === 0);
  const defective = task.samples.filter((s) => s.label === 1);
  if (layout === 'classes') {
    for (const [k, s] of normal.entries()) yield [`0/${number(k)}.png`, encodeImage(s)];
    for (const [k, s] of defective.entries()) yield [`1/${number(k)}.png`, encodeImage(s)];
    return;
  }
  const train = Math.round(normal.length * trainShare);
  for (const [k, s] of normal.entries()) {
    yield [k < train ? `train/good/${number(k)}.png` : `test/good/${number(k - train)}.png`, encodeImage(s)];
  }
  for (const [k, s] of defective.entries()) {
    yield [`test/${task.family}/${number(k)}.png`, encodeImage(s)];
    yield [`ground_truth/${task.family}/${number(k)}_mask.png`, encodeMask(s)];
  }
};

/**
 * Writes a task as PNG files under `folder/<task name>`.
 * @returns that folder
 * @throws Error if the folder exists and is not empty (old and new images would mix), the name is not a plain folder name,
 *   or writing fails.
 */
export const writeTask = async (
  folder: string,
  task: ProceduralTask,
  layout: TaskLayout = 'classes',
): Promise<string> => {
  if (!/^[\w-][\w .-]*$/.test(task.name)) {
    throw new RangeError(
      `writeTask: task name "${task.name}": use letters, digits, "_", "-", "." and spaces`,
    );
  }
  const target = join(folder, task.name);
  await mkdir(target, { recursive: true });
  if ((await readdir(target)).length > 0) {
    throw new Error(`writeTask: ${target}: the folder is not empty: remove it or give another name`);
  }
  const made = new Set<string>();
  for (const [file, bytes] of taskFiles(task, layout)) {
    const path = join(target, file);
    const parent = join(path, '..');
    if (!made.has(parent)) await mkdir(parent, { recursive: true });
    made.add(parent);
    await writeFile(path, bytes);
  }
  return target;
};
