import { type Command, Option } from 'commander';
import { withDevice } from '../../src/cli/common.ts';
import { UsageError } from '../../src/cli/errors.ts';
import { integers } from '../../src/cli/flags.ts';
import { makeOutput, table } from '../../src/cli/output.ts';
import { startProgress } from '../../src/cli/progress.ts';
import { linePlot } from '../../src/plot/index.ts';
import {
  addBenchOptions,
  type BenchOptions,
  milli,
  type PlotOptions,
  writeJson,
  writePlot,
} from '../options.ts';
import { showSpread } from '../rounds.ts';
import { AXES } from './axes.ts';
import { type AxisReport, measureScaling } from './measure.ts';

interface Options extends BenchOptions, PlotOptions {
  readonly [axis: string]: unknown;
}

/** `scaling`: whether cost grows as the work does. */
export function addScaling(program: Command): void {
  const command = program
    .command('scaling')
    .argument('[axes]', 'which of them', Object.keys(AXES).join(','))
    .description('the cost of a step of MeDetection against batch, image side, inner steps and tasks');
  for (const [axis, { about, values }] of Object.entries(AXES))
    command.addOption(
      new Option(`--${axis} <list>`, about).default(values, values.join(',')).argParser(integers(1)),
    );
  command.option('--svg <file>', 'draw the growth, as SVG or PNG');
  addBenchOptions(command, 7).action(async (names: string, options: Options) => {
    const axes = names.split(',');
    for (const axis of axes) {
      if (!(axis in AXES))
        throw new UsageError(`unknown axis "${axis}"; there are ${Object.keys(AXES).join(', ')}`);
      if (new Set(options[axis] as number[]).size < 2)
        throw new UsageError(`--${axis}: growth needs at least two different values`);
    }
    const output = makeOutput();
    await withDevice({ adapter: options.adapter }, output, async (signal) => {
      const values = Object.fromEntries(axes.map((axis) => [axis, options[axis] as number[]]));
      const progress = startProgress('scaling', 'round', options.rounds);
      const report = await measureScaling(values, {
        rounds: options.rounds,
        onRound: (round) => progress.update(round),
        signal,
      }).finally(() => progress.stop());
      for (const axis of report) output.print(`\n${axisText(axis)}`);
      await writeJson(options, { rounds: options.rounds, axes: report });
      await writePlot(options, () => plotOf(report));
    });
  });
}

function axisText({ axis, points, exponent, fixed, slope, off }: AxisReport): string {
  const { name, unit } = AXES[axis];
  const rows = points.map(({ value, units, seconds, dispatches, scratchBytes }) => [
    String(value),
    milli(seconds.median),
    showSpread(seconds),
    milli(seconds.median / units),
    String(dispatches),
    `${(scratchBytes / 2 ** 20).toFixed(0)} MiB`,
  ]);
  return [
    table([[name, 'median', 'spread', `per ${unit}`, 'dispatches', 'scratch'], ...rows]),
    `${milli(fixed)} and ${milli(slope)} per ${unit}, at most ${(100 * off).toFixed(0)} % off that line; exponent ${exponent.toFixed(2)}`,
  ].join('\n');
}

/** Everything as multiples of its least, so that what is linear is one line. */
function plotOf(reports: readonly AxisReport[]): Promise<string> {
  const series = reports.map(({ axis, points }) => ({
    name: `${AXES[axis].name} ${points.map(({ value }) => value).join(', ')}`,
    x: points.map(({ units }) => units / points[0].units),
    y: points.map(({ seconds }) => seconds.median / points[0].seconds.median),
  }));
  const most = Math.max(...series.flatMap(({ x }) => x));
  return linePlot({
    title: 'The cost of a step as the work grows',
    x: { label: 'work, as a multiple of the least', log: true },
    y: { label: 'time, as a multiple of the least', log: true },
    series: [...series, { name: 'linear', x: [1, most], y: [1, most], dashed: true }],
  });
}
