import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { drawData, drawn, medetection, records, scratch, smallMeta } from './support.ts';

const folder = scratch();
const path = (...parts: string[]) => join(folder, ...parts);
const written = [
  'inspection.json',
  'graph.dot',
  'graph.mmd',
  'inner-loop.svg',
  'graph-size.svg',
  'curvature.svg',
];

test('a fresh regressor of sinusoids: the same numbers as JSON, in tables and in files', async () => {
  const args = ['inspect', 'sinusoid', '--steps', '3', '--inner-steps', '2', '--shots', '5', '--png'];
  const ended = await medetection([...args, '--out', path('sinusoid'), '--json']);
  assert.is(ended.code, 0, ended.stderr);
  const [record] = records(ended.stdout);
  assert.is(record.curve.support.length, 4);
  assert.is(record.curvatures.length, 3);
  assert.equal(record.gradients.map((g: { path: string }) => g.path).slice(-2), ['output.bias', 'all']);
  const origins = record.size.map((part: { origin: string }) => part.origin);
  for (const origin of ['forward', 'inner gradient', 'outer gradient', 'second-order terms']) {
    assert.ok(origins.includes(origin), origin);
    assert.match(ended.stderr, new RegExp(`^${origin} +\\d`, 'm'));
  }
  assert.match(ended.stderr, /alpha lambda_max (stays below|exceeds) 2/);
  for (const file of [...written, 'updates.png']) assert.ok(existsSync(path('sinusoid', file)), file);
  const saved = JSON.parse(readFileSync(path('sinusoid', 'inspection.json'), 'utf8'));
  assert.equal(saved.curve, record.curve);
});

test('a meta-trained run, on the task that it left out', async () => {
  const data = await drawData(path('data'));
  const run = path('run');
  const train = ['meta-train', '--data', data, '--target', drawn.target, '--iterations', '1', '--out', run];
  // With steps of its own for everything: rates, scales, statistics.
  const plusPlus = ['--algorithm', 'maml++', '--inner-steps', '1'];
  const trained = await medetection([...train, ...smallMeta, ...plusPlus]);
  assert.is(trained.code, 0, trained.stderr);
  const ended = await medetection(['inspect', run, '--steps', '2']);
  assert.is(ended.code, 0, ended.stderr);
  assert.match(ended.stdout, new RegExp(`adaptation to ${drawn.target} by `));
  assert.match(ended.stdout, /^trunk\.block1\.conv\.weight +\S+ +\S+ +\S+ +\S+ +-?[01](\.\d+)?$/m);
  for (const file of written) assert.ok(existsSync(join(run, 'inspect', file)), file);
});

test('what does not go together is refused', async () => {
  const wrong = await medetection(['inspect', 'sinusoid', '--task', 'x']);
  assert.is(wrong.code, 2);
  assert.match(wrong.stderr, /--task does not go with sinusoid/);
  const absent = await medetection(['inspect', path('nowhere')]);
  assert.is(absent.code, 1);
  assert.match(absent.stderr, /this is not the folder of a run/);
});

test.run();
