import type { Command } from 'commander';
import { doctorReport } from '../device/index.ts';
import { addCommon, type CommonOptions, outputOf } from './common.ts';
import { exitCode } from './errors.ts';
import { quantity, table } from './output.ts';

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('show what there is to compute on: adapter, features, limits, measured speed')
    .option('--no-measure', 'do not measure the device');
  addCommon(command).action(async (options: CommonOptions & { measure: boolean }) => {
    const output = outputOf(options);
    const report = await doctorReport({ adapter: options.adapter, measure: options.measure });
    output.record(report);
    const { adapter, capabilities, measured } = report;
    const rows = [
      ['runtime', `${report.runtime} (${list(Object.entries(report.versions).map((v) => v.join(' ')))})`],
      ['adapter', adapter ? [adapter.description || adapter.device, adapter.vendor].join(', ') : 'none'],
    ];
    if (adapter && capabilities)
      rows.push(
        ['kind', adapter.software ? 'software (the CPU runs the shaders)' : 'GPU'],
        ['kernels', `${capabilities.family}, ${capabilities.lanes} lanes`],
        ['tuning', report.tuned ? 'found for this adapter' : 'none yet: medetection tune finds one'],
        ['features', list(report.features)],
      );
    if (measured)
      rows.push(
        ['arithmetic', quantity(measured.flopsPerSecond, 'FLOP/s')],
        ['memory', quantity(measured.bytesPerSecond, 'B/s')],
        ['dispatch', `${(measured.secondsPerDispatch * 1e6).toFixed(1)} us`],
        ['round trip', `${(measured.secondsPerRoundTrip * 1e6).toFixed(0)} us`],
      );
    output.print(rows.map(([name, value]) => `${name.padEnd(12)}${value}`).join('\n'));
    if (Object.keys(report.limits).length > 0) {
      output.print('\nlimits');
      const limits = Object.entries(report.limits).sort(([a], [b]) => (a < b ? -1 : 1));
      output.print(table(limits.map(([name, value]) => [`  ${name}`, String(value)])));
    }
    output.print(report.missing.length > 0 ? '\nmissing' : '\nnothing is missing');
    for (const line of report.missing) output.print(`  ${line.replaceAll('\n', '\n  ')}`);
    if (adapter === null) process.exitCode = exitCode.failure;
  });
}

const list = (items: readonly string[]): string => (items.length > 0 ? items.join(', ') : 'none');
