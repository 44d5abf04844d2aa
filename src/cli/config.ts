import type { Command } from 'commander';
import { diffPresets, presets, readPreset } from '../medetection/index.ts';
import { addCommon, type CommonOptions, outputOf } from './common.ts';
import { table } from './output.ts';

const PRESET = `${Object.keys(presets).join(', ')}, or a JSON file`;

export function addConfig(program: Command): void {
  const config = program
    .command('config')
    .description('presets: print one, compare two, or check a file (`meta-train --preset FILE` takes it)');
  addCommon(
    config
      .command('print')
      .description('print a preset whole, as JSON that can be edited and given back')
      .argument('<preset>', PRESET),
  ).action((name: string, options: CommonOptions) => {
    const preset = readPreset(name);
    outputOf(options).record(preset);
    outputOf(options).print(JSON.stringify(preset, null, 2));
  });
  addCommon(
    config
      .command('diff')
      .description('show where two presets differ')
      .argument('<a>', PRESET)
      .argument('<b>', PRESET),
  ).action((a: string, b: string, options: CommonOptions) => {
    const output = outputOf(options);
    const differences = diffPresets(readPreset(a), readPreset(b));
    output.record({ a, b, differences });
    if (differences.length === 0) output.print(`${a} and ${b} are the same`);
    else
      output.print(
        table([['', a, b], ...differences.map(({ field, values }) => [field, ...values.map(shown)])]),
      );
  });
  addCommon(
    config
      .command('check')
      .description('check a preset file, and say what is wrong with it')
      .argument('<file>', 'a JSON file'),
  ).action((file: string, options: CommonOptions) => {
    const output = outputOf(options);
    const preset = readPreset(file);
    output.record({ ok: true, preset });
    output.print(`${file}: all fields are as they must be`);
  });
}

const shown = (value: unknown): string =>
  value === undefined ? '-' : typeof value === 'string' ? value : JSON.stringify(value);
