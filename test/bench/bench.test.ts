import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { comparisonText } from '../../bench/compare.ts';
import { OPERATIONS } from '../../bench/kernels/operations.ts';
import { spreadOf } from '../../bench/rounds.ts';
import { growthOf } from '../../bench/scaling/fit.ts';
import { runFile, scratch } from '../cli/support.ts';

const folder = scratch();
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
  const variant = join(folder, 'smallest.wgsl');
  const shader = readFileSync(new URL('../../shaders/max_pool_2x2.wgsl', import.meta.url), 'utf8');
  writeFileSync(variant, shader.replaceAll('(b > a)', '(b < a)'));
  const { code, stdout, stderr } = await bench(
    ...['kernels', 'max_pool_2x2', '--file', variant, '--check', ...short],
  );
  assert.is(code, 0, stderr);
  const errors = [...stdout.matchAll(/^max_pool_2x2 .*?(\S+e[+-]\d+)/gm)].map((m) => Number(m[1]));
  assert.is(errors.length, 2, stdout);
  assert.ok(errors[0] < 1e-6 && errors[1] > 0.1, stdout);
});

test('two runs agree if their medians are within the wider spread', () => {
  const at = (name: string, ...samples: number[]) => ({ name, seconds: spreadOf(samples) });
  const before = [at('a', 1, 2, 3), at('b', 1, 1, 1), at('gone', 1)];
  const text = comparisonText([at('a', 3, 3, 3), at('b', 2, 2, 2), at('new', 1)], before);
  assert.is(text, '1 of 2 agree with the earlier run within the spread\n  b: 2.00 x the earlier time');
});

test('what cannot be measured is told', async () => {
  const broken = join(folder, 'broken.wgsl');
  writeFileSync(broken, '@compute @workgroup_size(1) fn main() { let x: f32 = nothing; }');
  const shape = ['--shape', 'm=4,n=4,k=4'];
  const cases: [string[], number, RegExp][] = [
    [['kernels', 'matmul', '--file', broken, ...shape], 1, /matmul[\s\S]*nothing/],
    [['kernels', 'matmul', '--file', join(folder, 'none.wgsl'), ...shape], 2, /none\.wgsl/],
    [['kernels', 'matmul', '--constants', 'TILES=4', ...shape], 2, /"TILES=4".*TILE/],
    [['kernels', 'add', '--file', broken], 2, /variant of one shader/],
    [['kernels', 'elementwise', '--file', broken], 2, /compiler writes into/],
    [['kernels', 'add', '--shape', 'n=4,q=2'], 2, /"q=2"/],
    [['kernels', 'add', '--compare', broken], 2, /--compare .*broken/],
    [['kernels', 'no_such_kernel'], 2, /unknown kernel "no_such_kernel".*convolution.*conv2d_simd/],
    [['workloads', 'W9'], 2, /unknown workload "W9".*W1/],
    [['workloads', 'W1-5', '--peer', 'abacus'], 2, /unknown peer "abacus".*torch/],
    [['scaling', 'height'], 2, /unknown axis "height".*batch/],
    [['scaling', 'steps', '--steps', '2'], 2, /two different values/],
  ];
  for (const [args, expected, message] of cases) {
    const { code, stderr } = await bench(...args, '--rounds', '1');
    assert.is(code, expected, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, message);
  }
});

test('a step is measured beside a peer, and without one that is not there', async () => {
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

  const absent = await bench(
    'workloads',
    'W1-5',
    '--peer',
    'torch',
    '--python',
    '/no/python',
    '--rounds',
    '1',
  );
  assert.is(absent.code, 1);
  assert.match(absent.stderr, /peer torch did not start: .*\/no\/python.*--python/);
  assert.match(absent.stdout, /^W1-5 .* ms /m);
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

test.run();
