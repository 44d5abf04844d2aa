/**
 * Checks and times one kernel, or a variant of it that lies in another file:
 *
 *     npx tsx bench/variants/run.ts conv2d_simd
 *     npx tsx bench/variants/run.ts conv2d_simd n=40,c=32,h=32,w=32,o=32 n=1,c=4,h=64,w=64,o=32
 *     npx tsx bench/variants/run.ts conv2d_simd --file my_variant.wgsl --constants ROWS=4
 *     npx tsx bench/variants/run.ts conv2d_simd --check --adapter swiftshader
 *
 * Prints the error against a float64 reference, the time of the first dispatch (it includes the driver's compilation),
 * the time of a dispatch, and the rate by wall time and by processor time.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openDevice } from '../../src/device/index.ts';
import { parseNumbers } from './case.ts';
import { KERNELS } from './kernels.ts';
import { measure } from './measure.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    adapter: { type: 'string' },
    file: { type: 'string' },
    constants: { type: 'string', default: '' },
    check: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '0.15' },
  },
});
const [name, ...given] = positionals;
const entry = KERNELS[name];
if (!entry) throw new Error(`unknown kernel "${name}": expected one of ${Object.keys(KERNELS).join(', ')}`);

using device = await openDevice(values.adapter ? { adapter: values.adapter } : {});
const constants = parseNumbers(values.constants, {
  ...entry.constants,
  ...('LANES' in entry.constants && { LANES: device.capabilities.lanes }),
});
const source = readFileSync(values.file ?? new URL(`../../shaders/${name}.wgsl`, import.meta.url), 'utf8');

const shapes = given.length > 0 ? given : values.check ? entry.checks : entry.shapes;
const budget = values.check ? 0 : Number(values.seconds);
for (const shape of shapes) {
  const problem = entry.make(source, parseNumbers(shape, entry.extents), constants);
  const { error, seconds, processorSeconds, firstSeconds } = await measure(device, problem, budget);
  const rate = (time: number) => (problem.flops / time / 1e9).toFixed(1).padStart(6);
  const columns = [
    shape.padEnd(40),
    `error ${error.toExponential(1)}`,
    `first ${(firstSeconds * 1e3).toFixed(0).padStart(5)} ms`,
    `${(seconds * 1e6).toFixed(0).padStart(8)} us`,
    `${rate(seconds)} GFLOP/s`,
    `${rate(processorSeconds)} GFLOP per processor second`,
  ];
  console.log(columns.join('  '));
}
