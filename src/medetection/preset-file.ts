import { readFileSync } from 'node:fs';
import {
  checkFineTuneOptions,
  checkMetaTrainOptions,
  fineTuneFields,
  metaTrainFields,
} from './check-options.ts';
import { checkModel, checkScales, defaultModel } from './config.ts';
import { type Preset, type PresetName, presets } from './presets.ts';

/** The fields of every part of a preset. */
const parts = {
  model: Object.keys(defaultModel),
  metaTrain: metaTrainFields,
  fineTune: fineTuneFields,
} as const satisfies Record<keyof Preset, readonly string[]>;

const isPreset = (name: unknown): name is PresetName =>
  typeof name === 'string' && Object.hasOwn(presets, name);

/**
 * A preset by its name, or of a JSON file.
 * @throws naming what is wrong and what is allowed.
 */
export function readPreset(nameOrFile: string): Preset {
  if (isPreset(nameOrFile)) return presets[nameOrFile];
  let text: string;
  try {
    text = readFileSync(nameOrFile, 'utf8');
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Error(
      `preset: "${nameOrFile}" is neither one of ${Object.keys(presets).join(', ')} nor a file that can be read${absent ? '' : ` (${(error as Error).message})`}`,
    );
  }
  return parsePreset(text, nameOrFile);
}

/**
 * A preset from JSON: `{ "preset": NAME, "model": {...}, "metaTrain": {...}, "fineTune": {...} }`, where every part and field may be left
 * out and is then that of the named preset ("paper" if none is named).
 * @throws naming the file, the field, its value and what is allowed.
 */
export function parsePreset(text: string, where: string): Preset {
  const fail = (problem: string): never => {
    throw new Error(`preset: ${where}: ${problem}`);
  };
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    return fail(`not JSON (${(error as Error).message})`);
  }
  if (!isRecord(given)) return fail('must be an object with the parts model, metaTrain and fineTune');
  const { preset: base = 'paper', ...given_ } = given;
  if (!isPreset(base))
    return fail(`preset ${JSON.stringify(base)} must be one of ${Object.keys(presets).join(', ')}`);
  checkFields(given_, '', Object.keys(parts), fail);
  const part = <K extends keyof Preset>(name: K): Preset[K] => {
    const values = given_[name] ?? {};
    if (!isRecord(values)) return fail(`${name} must be an object`);
    checkFields(values, `${name}.`, parts[name], fail);
    return { ...presets[base][name], ...values };
  };
  const preset = { model: part('model'), metaTrain: part('metaTrain'), fineTune: part('fineTune') };
  try {
    return checkPreset(preset);
  } catch (error) {
    return fail((error as Error).message);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function checkFields(
  values: object,
  prefix: string,
  known: readonly string[],
  fail: (problem: string) => never,
): void {
  for (const name of Object.keys(values))
    if (!known.includes(name)) fail(`there is no ${prefix}${name}; there are ${known.join(', ')}`);
}

/** @throws naming the field, its value and what is allowed, or fields that contradict each other. */
export function checkPreset(preset: Preset): Preset {
  checkModel(preset.model);
  checkMetaTrainOptions(preset.metaTrain);
  checkFineTuneOptions(preset.fineTune);
  for (const { scales = [] } of [preset.metaTrain, preset.fineTune]) checkScales(preset.model, scales);
  return preset;
}

/** A field in which two presets differ; undefined where one leaves it out. */
export interface PresetDifference {
  /** `model.size` */
  readonly field: string;
  readonly values: readonly [unknown, unknown];
}

/** Where two presets differ, in the order of their fields. */
export const diffPresets = (a: Preset, b: Preset): PresetDifference[] =>
  Object.entries(parts).flatMap(([part, fields]) =>
    fields.flatMap((name) => {
      const of = (preset: Preset) =>
        (preset[part as keyof Preset] as unknown as Record<string, unknown>)[name];
      const values = [of(a), of(b)] as const;
      return JSON.stringify(values[0]) === JSON.stringify(values[1])
        ? []
        : [{ field: `${part}.${name}`, values }];
    }),
  );
