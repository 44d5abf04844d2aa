import { join } from 'node:path';
import { showShape, type Tensor, type Tree, tensor, tree } from '../graph/index.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsFile,
  type StoredTensor,
  writeFileAtomic,
} from '../store/index.ts';
import { readRunFile } from './run.ts';

/** The tensors of a tree by their dotted paths, read back to the host. */
export async function stored(values: Tree, prefix = ''): Promise<Record<string, StoredTensor>> {
  const entries = tree.entries(values).map(async ([path, t]): Promise<[string, StoredTensor]> => {
    const data = (await t.data()) as Float32Array;
    return [`${prefix}${path}`, { dtype: 'F32', shape: t.shape, data }];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Where the first value is that is NaN or infinite; -1 if there is none. Only floats are looked at. */
const nonFiniteAt = ({ dtype, data }: StoredTensor): number =>
  dtype === 'F32' ? data.findIndex((value) => !Number.isFinite(value)) : -1;

/**
 * Writes a file of tensors.
 * @throws naming the tensor when one is not finite; the file that was there before is then unchanged.
 */
export async function save(
  folder: string,
  file: string,
  tensors: Record<string, StoredTensor>,
  metadata: Record<string, string>,
): Promise<void> {
  const path = join(folder, file);
  for (const [name, t] of Object.entries(tensors)) {
    const at = nonFiniteAt(t);
    if (at >= 0)
      throw new Error(
        `run: ${path}: tensor "${name}" has become ${t.data[at]} (value ${at}) and was not saved; what was there before is unchanged: lower the learning rate`,
      );
  }
  await writeFileAtomic(
    path,
    encodeSafetensors(tensors, { format: 'medetection', version: '1', ...metadata }),
  );
}

/**
 * Reads a file of tensors.
 * @param absent what to say when there is no such file.
 * @throws when the file is absent or damaged.
 */
export async function load(folder: string, file: string, absent: string): Promise<SafetensorsFile> {
  const bytes = await readRunFile(folder, file, absent);
  try {
    return decodeSafetensors(bytes, join(folder, file));
  } catch (error) {
    throw new Error(`${(error as Error).message}; the file is damaged: restore it, or train again`, {
      cause: error,
    });
  }
}

/** The tensors of a file in the places of a tree of the same paths and shapes. */
export class Reader {
  readonly #tensors: Record<string, StoredTensor>;
  readonly #path: string;
  readonly #used = new Set<string>();

  readonly #nameOf: (path: string) => string;

  /** @param nameOf the name in the file of what has a path in the tree (default: the path). */
  constructor({ tensors }: SafetensorsFile, path: string, nameOf: (path: string) => string = (name) => name) {
    this.#tensors = tensors;
    this.#path = path;
    this.#nameOf = nameOf;
  }

  /** @throws when a tensor is missing, does not fit (naming it and both shapes) or is not finite. */
  fill<T extends Tree>(like: T, prefix = ''): T {
    return tree.mapWithPath((path, { shape }) => this.#take(this.#nameOf(`${prefix}${path}`), shape), like);
  }

  /** @throws when the file has tensors that nothing asked for, other than those named. */
  finish(but?: string): void {
    const left = Object.keys(this.#tensors).filter(
      (name) => !this.#used.has(name) && !(but !== undefined && name.startsWith(but)),
    );
    if (left.length > 0)
      throw new Error(
        `run: ${this.#path}: tensor "${left[0]}"${left.length > 1 ? ` and ${left.length - 1} others have` : ' has'} no place in this model; give the model options that the weights were trained with`,
      );
  }

  #take(name: string, shape: readonly number[]): Tensor {
    const found = Object.hasOwn(this.#tensors, name) ? this.#tensors[name] : undefined;
    const fail = (problem: string): never => {
      throw new Error(
        `run: ${this.#path}: tensor "${name}" ${problem}; give the model options that the weights were trained with`,
      );
    };
    if (found === undefined) return fail(`is missing: the model needs one of shape ${showShape(shape)}`);
    if (found.dtype !== 'F32') return fail(`is of type ${found.dtype}, expected F32`);
    if (showShape(found.shape) !== showShape(shape))
      return fail(
        `has shape ${showShape(found.shape)} in the file, the model needs one of shape ${showShape(shape)}`,
      );
    const at = nonFiniteAt(found);
    if (at >= 0)
      throw new Error(
        `run: ${this.#path}: tensor "${name}" holds ${found.data[at]} (value ${at}), which no training can go on from and no picture be judged by: restore the file, or train again with lower rates`,
      );
    this.#used.add(name);
    return tensor(found.data, shape);
  }
}
