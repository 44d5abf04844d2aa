import type { Command } from 'commander';
import { type Preset, presets, readPreset } from '../medetection/index.ts';

/** Adds the option that chooses the defaults of all others. */
export const addPreset = (command: Command): Command =>
  command.option(
    '--preset <name>',
    `defaults of all options below: ${Object.keys(presets).join(', ')}, or a JSON file; \`config print\` shows them`,
    'paper',
  );

/** The preset that was typed. */
export const typedPreset = (command: Command): Preset => readPreset(command.getOptionValue('preset'));
