import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { comparisonText } from '../../bench/compare.ts';
import { type Choice, chooseCandidates } from '../../bench/kernels/choose.ts';
import { OPERATIONS } from '../../bench/kernels/operations.ts';
import type { Subject } from '../../bench/kernels/subject.ts';
import { spreadOf } from '../../bench/rounds.ts';
import { growthOf } from '../../bench/scaling/fit.ts';
import { Stopwatch } from '../../bench/stopwatch.ts';
import { peerChoice, startPeer } from '../../bench/workloads/peer.ts';
import { openDevice } from '../../src/device/index.ts';
import { runFile, scratch } from '../cli/support.ts';

const folder = scratch();
const device = await openDevice();
/** Loads and checks what is asked for, in this process. */
async function load(name: string, choice: Partial<Choice>): Promise<Subject[]> {
  const stopwatch = new Stopwatch(device);
  const subjects: Subject[] = [];
  for (const candidate of chooseCandidates([name], { shapes: [], check: false, ...choice }, device))
    subjects.push(await candidate.load(stopwatch));
  return subjects;
}

const bench = (...args: string[]) => runFile('bench/run.ts', args);
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
/** Options that make a measurement short. */
const short = ['--rounds', '2', '--seconds', '0.001'];

test('a spread is the quartiles of the rounds', () => {
  const { median, lower, upper, min } = spreadOf([5, 1, 4, 2, 3]);
  assert.equal([min, lower, median, upper], [1, 2, 3, 4]);
  assert.equal([spreadOf([1, 2]).median, spreadOf([7]).upper], [1.5, 7]);
});

test('growth is told as an exponent and as a line', () => {
  const linear = growthOf([1, 2, 4], [3, 6, 12]);
  assert.ok(Math.abs(linear.exponent - 1) < 1e-9 && linear.off < 1e-9, JSON.stringify(linear));
  const fixed = growthOf([1, 2, 4, 8], [12, 14, 18, 26]);
  assert.ok(Math.abs(fixed.fixed - 10) < 1e-9 && Math.abs(fixed.slope - 2) < 1e-9, JSON.stringify(fixed));
  assert.ok(fixed.exponent < 1);
  assert.ok(Math.abs(growthOf([1, 2, 4], [1, 4, 16]).exponent - 2) < 1e-9);
});

test('every operation is checked and measured, as table, JSON and roofline', async () => {
  const [json, svg] = ['kernels.json', 'kernels.svg'];
  const files = ['--json', join(folder, json), '--svg', join(folder, svg)];
  const { code, stdout, stderr } = await bench('kernels', '--check', ...short, ...files);
  assert.is(code, 0, stderr);
  const { rows, ceilings, clock } = JSON.parse(read(json));
  assert.equal(
    rows.map((row: { kernel: string }) => row.kernel),
    Object.keys(OPERATIONS),
  );
  assert.ok(ceilings.flopsPerSecond > 1e6 && ceilings.bytesPerSecond > 1e6);
  assert.ok(['wall', 'timestamps'].includes(clock));
  for (const { kernel, error, seconds, bytes, dispatches, ofLimit } of rows) {
    assert.ok(error < 1e-4, `${kernel}: error ${error}`);
    assert.ok(bytes > 0 && dispatches > 0 && ofLimit > 0, kernel);
    assert.is(seconds.samples.length, 2);
    assert.ok(0 < seconds.min && seconds.lower <= seconds.median && seconds.median <= seconds.upper, kernel);
    assert.match(stdout, new RegExp(`^${kernel} .* us .*%`, 'm'));
  }
  for (const text of ['GFLOP/s', 'FLOP per byte', 'convolution', 'GB/s copied'])
    assert.ok(read(svg).includes(text), text);
});

test('a variant stands beside the shipped kernel', async () => {
  const variant = join(folder, 'variant.wgsl');
  const json = join(folder, 'variant.json');
  writeFileSync(variant, readFileSync(new URL('../../shaders/matmul.wgsl', import.meta.url)));
  const shape = ['--shape', 'm=40,n=24,k=16', '--shape', 'm=5,n=7,k=9'];
  const { code, stdout, stderr } = await bench(
    ...['kernels', 'matmul', '--file', variant, '--constants', 'TILE=4', ...shape],
    ...[...short, '--json', json],
  );
  assert.is(code, 0, stderr);
  const { rows } = JSON.parse(read('variant.json'));
  assert.equal(
    rows.map((row: { variant: string }) => row.variant),
    ['shipped', `${variant}, TILE=4`, 'shipped', `${variant}, TILE=4`],
  );
  for (const { error } of rows) assert.ok(error < 1e-5, String(error));
  assert.match(stdout, /to shipped/);
  assert.is([...stdout.matchAll(/\d\.\d\d x$/gm)].length, 2, stdout);
});

test('a variant takes the place of a shader that the compiler dispatches', async () => {
  const file = join(folder, 'misplaced.wgsl');
  const shader = readFileSync(new URL('../../shaders/scatter_pool_2x2.wgsl', import.meta.url), 'utf8');
  writeFileSync(file, shader.replace('vec4i(2, 3, 2, 3)', 'vec4i(3, 2, 3, 2)'));
  const [shipped, variant] = await load('scatter_pool_2x2', { file, check: true });
  assert.equal([shipped.variant, variant.variant], ['shipped', file]);
  assert.ok(shipped.error < 1e-6 && variant.error > 0.1, `${shipped.error} ${variant.error}`);
});

test('two runs agree if their medians are within the wider spread', () => {
  const at = (name: string, ...samples: number[]) => ({ name, seconds: spreadOf(samples) });
  const before = [at('a', 1, 2, 3), at('b', 1, 1, 1), at('gone', 1)];
  const text = comparisonText([at('a', 3, 3, 3), at('b', 2, 2, 2), at('new', 1)], before);
  assert.is(text, '1 of 2 agree with the earlier run within the spread\n  b: 2.00 x the earlier time');
});

test('what cannot be measured is told', async () => {
  const file = join(folder, 'broken.wgsl');
  writeFileSync(file, '@compute @workgroup_size(1) fn main() { let x: f32 = nothing; }');
  const shapes = ['m=4,n=4,k=4'];
  const cases: [string, Partial<Choice>, RegExp][] = [
    ['matmul', { file, shapes }, /matmul[\s\S]*nothing/],
    ['matmul', { file: join(folder, 'none.wgsl'), shapes }, /none\.wgsl/],
    ['matmul', { constants: 'TILES=4', shapes }, /"TILES=4".*TILE/],
    ['matrix-product', { file }, /variant of one shader/],
    ['elementwise', { file }, /compiler writes into/],
    ['add', { shapes: ['n=4,q=2'] }, /"q=2"/],
    ['no_such_kernel', {}, /unknown kernel "no_such_kernel".*convolution.*conv2d_simd/],
  ];
  for (const [name, choice, message] of cases) {
    const error = await load(name, choice).then(
      () => new Error('nothing'),
      (e: Error) => e,
    );
    assert.match(error.message, message);
  }
});

test('what was mistyped is told, with what there is', async () => {
  const cases: [string[], RegExp][] = [
    [['kernels', 'no_such_kernel'], /unknown kernel "no_such_kernel".*convolution/],
    [['kernels', 'add', '--compare', 'none.json'], /--compare none\.json/],
    [['workloads', 'W9'], /unknown workload "W9".*W1/],
    [['workloads', 'W1', '--peer', 'abacus'], /unknown peer "abacus".*torch/],
    [['scaling', 'height'], /unknown axis "height".*batch/],
    [['scaling', 'steps', '--steps', '2'], /two different values/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await bench(...args);
    assert.is(code, 2, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, message);
  }
});

test('a step is measured beside a peer', async () => {
  const json = join(folder, 'steps.json');
  // Speaks as a peer does, whatever script it is given.
  const stub = join(folder, 'stub');
  writeFileSync(
    stub,
    '#!/bin/sh\necho \'{"peer":"stub 1.0"}\'\nwhile read -r line; do echo \'{"ms":5}\'; done\n',
  );
  chmodSync(stub, 0o755);
  const { code, stdout, stderr } = await bench(
    ...['workloads', 'W1-5', '--rounds', '2', '--json', json],
    ...['--peer', 'torch', '--python', stub, '--profile'],
  );
  assert.is(code, 0, stderr);
  const { rows, peers, failures } = JSON.parse(read('steps.json'));
  assert.equal(failures, []);
  assert.ok(rows[0].dispatches > 50 && rows[0].pipelines > 10 && rows[0].scratchBytes > 1e6);
  assert.ok(rows[0].hostSeconds.median > 0 && rows[0].hostSeconds.median < rows[0].seconds.median);
  assert.is(peers[0].peer, 'stub 1.0');
  assert.ok(Math.abs(peers[0].ratio.median - rows[0].seconds.median / 0.005) < 1e-6 * peers[0].ratio.median);
  assert.match(stdout, /^W1-5 .* ms .* MiB$/m);
  assert.match(stdout, /^W1-5 .*stub 1\.0 .* x /m);
  assert.match(stdout, /^elementwise .* ms .* %/m);
});

test('a peer that does not start says what it needs', async () => {
  try {
    await startPeer(peerChoice('torch', '/no/python', false)!);
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /peer torch did not start: .*\/no\/python.*--python/);
  }
});

test('scaling tells how cost grows', async () => {
  const files = ['--json', join(folder, 'scaling.json'), '--svg', join(folder, 'scaling.svg')];
  const { code, stdout, stderr } = await bench(
    'scaling',
    'steps',
    '--steps',
    '1,2',
    '--rounds',
    '1',
    ...files,
  );
  assert.is(code, 0, stderr);
  const [axis] = JSON.parse(read('scaling.json')).axes;
  assert.equal([axis.axis, axis.points.map((p: { value: number }) => p.value)], ['steps', [1, 2]]);
  assert.ok(Number.isFinite(axis.exponent) && axis.points[1].dispatches > axis.points[0].dispatches);
  assert.match(stdout, /exponent/);
  assert.ok(read('scaling.svg').includes('inner steps 1, 2'));
});

test.after(() => device.dispose());

test.run();
