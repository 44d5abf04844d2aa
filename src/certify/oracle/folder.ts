import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Shape, showShape, type Tensor, tensor } from '../../graph/index.ts';
import { decodeSafetensors } from '../../store/index.ts';

/** Reference values under names, as they are stored. */
export interface Values {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** @throws when there is no such tensor. */
  data(name: string): ArrayLike<number>;
  shape(name: string): Shape;
  /** Floats as f32, integers as i32. */
  tensor(name: string): Tensor;
}

/**
 * @param name what is read, `ops` for `ops.json`
 * @throws when the file is no JSON
 */
export function readJson(folder: string, name: string): unknown {
  const path = join(folder, `${name}.json`);
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path} is no JSON: ${(error as Error).message}`);
  }
}

/**
 * The same of a file that holds an object.
 * @throws when it holds something else
 */
export function readSettings(folder: string, name: string): Readonly<Record<string, unknown>> {
  const settings = readJson(folder, name);
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw new Error(`${name}.json must hold an object, not ${describe(settings)}`);
  return settings as Record<string, unknown>;
}

const describe = (value: unknown): string =>
  Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;

/**
 * @param of the file, for the message
 * @throws when a list of cases is no list, or empty: nothing would be checked
 */
export function checkCases(of: string, name: string, cases: unknown): readonly unknown[] {
  if (!Array.isArray(cases)) throw new Error(`${of} has no list ${name}`);
  if (cases.length === 0) throw new Error(`${of}: the list ${name} is empty, so there is nothing to check`);
  return cases;
}

/** @throws when the file is missing or no safetensors file */
export function readValues(folder: string, name: string): Values {
  const file = `${name}.safetensors`;
  const path = join(folder, file);
  if (!existsSync(path)) throw new Error(`${path} is missing, which holds the tensors of ${name}.json`);
  const { tensors } = decodeSafetensors(readFileSync(path), file);
  const stored = (key: string) => {
    if (!Object.hasOwn(tensors, key)) throw new Error(`${file} has no tensor "${key}"`);
    return tensors[key];
  };
  return {
    names: Object.keys(tensors),
    has: (key) => Object.hasOwn(tensors, key),
    data: (key) => stored(key).data,
    shape: (key) => stored(key).shape,
    tensor: (key) => {
      const { dtype, shape, data } = stored(key);
      if (!shape.every((n) => n > 0))
        throw new Error(`${file}: "${key}" ${showShape(shape)} has no elements; empty tensors are refused`);
      const numbers = data as ArrayLike<number>;
      return tensor(dtype.startsWith('F') ? Float32Array.from(numbers) : Int32Array.from(numbers), shape);
    },
  };
}

/** How a check is followed from outside. */
export interface Watch {
  /** Is told of every case that is done. */
  readonly onCase?: (name: string) => void;
  /** Ends the check early when raised. */
  readonly signal?: AbortSignal;
}

/** The parts that a folder may have. */
export const parts = ['ops', 'maml', 'medetection', 'metrics'] as const;
export type Part = (typeof parts)[number];

/**
 * The parts that a folder has.
 * @throws when it is no folder, or has none
 */
export function partsOf(folder: string): Part[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new Error(
      `${folder} is no folder; --oracle takes one with ${parts.map((p) => `${p}.json`).join(', ')}`,
    );
  const found = parts.filter((part) => existsSync(join(folder, `${part}.json`)));
  if (found.length === 0)
    throw new Error(
      `${folder} has none of ${parts.map((p) => `${p}.json`).join(', ')}: there is nothing to check`,
    );
  return found;
}
