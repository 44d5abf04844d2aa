import type { Command } from 'commander';
import { withDevice } from '../../src/cli/common.ts';
import { positive } from '../../src/cli/flags.ts';
import { makeOutput, quantity, table } from '../../src/cli/output.ts';
import { startProgress } from '../../src/cli/progress.ts';
import { defaultDevice } from '../../src/device/index.ts';
import { rooflinePlot } from '../../src/plot/index.ts';
import { comparisonText, type Named, readRows } from '../compare.ts';
import {
  addBenchOptions,
  addCompare,
  type BenchOptions,
  type CompareOptions,
  type PlotOptions,
  writeJson,
  writePlot,
} from '../options.ts';
import { showSpread } from '../rounds.ts';
import { chooseCandidates } from './choose.ts';
import { type KernelReport, measureKernels, type Row } from './measure.ts';

interface Options extends BenchOptions, PlotOptions, CompareOptions {
  readonly shape: string[];
  readonly check: boolean;
  readonly file?: string;
  readonly constants?: string;
  readonly seconds: number;
}

const HELP = `
Without names, the operations that training consists of, as this adapter runs them. A name is that of one of those, or of a
file in shaders/. A new variant of a shader lies in any file and is held against the one that is shipped:

  npm run bench -- kernels conv2d_simd --file my_variant.wgsl --constants ROWS=4

The spread is the distance between the quartiles of all rounds, as a share of the median: two runs whose medians differ by
less do not differ. "of limit" is the time that the measured rates of arithmetic and of memory allow, as a share of the
median; bytes are those that dispatches read and write (more than 100 %: a cache held them, or the machine was busy with other
things while the limits were measured). "CPU" is processor time, all threads together, of this process: steadier on a machine
that is shared.`;

/** `kernels`: one kernel at a time, against float64, the clock and what the machine can do. */
export function addKernels(program: Command): void {
  const command = program
    .command('kernels')
    .argument('[name...]', 'operations or shaders')
    .description('time kernels beside the measured rates of arithmetic and memory')
    .option(
      '--shape <extents>',
      'a shape instead of the usual ones, such as n=8,c=32; may be repeated',
      collect,
      [],
    )
    .option('--check', 'small awkward shapes: for the error rather than the time', false)
    .option('--file <wgsl>', 'a variant of the shader')
    .option('--constants <list>', 'constants of the variant, such as ROWS=4')
    .option('--seconds <s>', 'about how long each measurement lasts', positive, 0.03)
    .option('--svg <file>', 'draw the roofline, as SVG or PNG')
    .addHelpText('after', HELP);
  addCompare(addBenchOptions(command, 15)).action(async (names: string[], options: Options) => {
    const output = makeOutput();
    // Read first: the same file may be written.
    const earlier = options.compare === undefined ? undefined : readRows<Row>(options.compare);
    await withDevice({ adapter: options.adapter }, output, async (signal) => {
      const device = await defaultDevice();
      const candidates = chooseCandidates(names, { ...options, shapes: options.shape }, device);
      const progress = startProgress('kernels', 'round', options.rounds);
      const report = await measureKernels(device, candidates, {
        rounds: options.rounds,
        secondsPerRound: options.seconds,
        onRound: (round) => progress.update(round),
        signal,
      }).finally(() => progress.stop());
      output.print(reportText(report));
      if (earlier) output.print(`\n${comparisonText(report.rows.map(named), earlier.map(named))}`);
      await writeJson(options, report);
      await writePlot(options, () => plotOf(report));
    });
  });
}

const named = ({ kernel, shape, variant, seconds }: Row): Named => ({
  name: `${kernel} ${shape} ${variant}`,
  seconds,
});

const collect = (value: string, list: string[]): string[] => [...list, value];

function reportText({ clock, ceilings, rounds, rows }: KernelReport): string {
  const compares = rows.some((row) => row.variant !== rows[0].variant);
  const header = ['kernel', 'shape', ...(compares ? ['variant'] : []), 'time', 'spread', 'GFLOP/s', 'GB/s'];
  const cells = rows.map((row) => [
    row.kernel,
    row.shape,
    ...(compares ? [row.variant] : []),
    micro(row.seconds.median),
    showSpread(row.seconds),
    rate(row.flops, row),
    rate(row.bytes, row),
    `${(100 * row.ofLimit).toFixed(0)} % ${row.limit}`,
    micro(row.processorSeconds.median),
    row.error.toExponential(1),
    ...(compares ? [ratio(row, rows)] : []),
  ]);
  return [
    `${rounds} rounds by ${clock === 'wall' ? 'the clock on the wall' : 'timestamps of the GPU'}; limits, measured before and after: ${quantity(ceilings.flopsPerSecond, 'FLOP/s')}, ${quantity(ceilings.bytesPerSecond, 'B/s')} copied`,
    '',
    table([[...header, 'of limit', 'CPU', 'error', ...(compares ? ['to shipped'] : [])], ...cells]),
  ].join('\n');
}

const micro = (seconds: number): string => `${(1e6 * seconds).toFixed(seconds < 1e-4 ? 1 : 0)} us`;

const rate = (amount: number, { seconds }: Row): string =>
  amount === 0 ? '-' : (amount / seconds.median / 1e9).toFixed(1);

/** The time of a variant as a multiple of that of the shipped kernel. */
function ratio({ kernel, shape, variant, seconds }: Row, rows: readonly Row[]): string {
  const shipped = rows.find((row) => row.kernel === kernel && row.shape === shape)!;
  return variant === shipped.variant ? '' : `${(seconds.median / shipped.seconds.median).toFixed(2)} x`;
}

const plotOf = ({ ceilings, rows }: KernelReport): Promise<string> =>
  rooflinePlot({
    title: 'Kernels below the roofline',
    flopsPerSecond: ceilings.flopsPerSecond,
    bytesPerSecond: ceilings.bytesPerSecond,
    points: rows.map(({ kernel, variant, flops, bytes, seconds }) => ({
      name: variant === rows[0].variant ? kernel : variant,
      flopsPerByte: flops / bytes,
      flopsPerSecond: flops / seconds.median,
    })),
  });
