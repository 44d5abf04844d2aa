import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type Preset, presets, readPreset } from '../medetection/index.ts';

/** Adds the option that chooses the defaults of all others. */
export const addPreset = (command: Command): Command =>
  command.option(
    '--preset <name>',
    `defaults of all options below: ${Object.keys(presets).join(', ')}, or a JSON file; \`config print\` shows them`,
    'paper',
  );

/** The name or the absolute path of the preset that was typed, or else of another. */
export function presetName(command: Command, otherwise?: string): string {
  if (otherwise !== undefined && command.getOptionValueSource('preset') !== 'cli') return otherwise;
  const name: string = command.getOptionValue('preset');
  return Object.hasOwn(presets, name) ? name : resolve(name);
}

/** The preset of that name. */
export const typedPreset = (command: Command, otherwise?: string): Preset =>
  readPreset(presetName(command, otherwise));
