import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createRun,
  defaultMetaTrain,
  initModel,
  presets,
  readStateDict,
  saveWeights,
} from '../../src/medetection/index.ts';
import { Random } from '../../src/random.ts';
import { medetection, scratch } from './support.ts';

const folder = scratch();

test('a preset prints as JSON that can be given back; two are compared; a wrong file is refused by field', async () => {
  const printed = await medetection(['config', 'print', 'small']);
  const file = join(folder, 'mine.json');
  writeFileSync(file, printed.stdout);
  const [same, checked, diff, unknown] = await Promise.all([
    medetection(['config', 'diff', 'small', file]),
    medetection(['config', 'check', file]),
    medetection(['config', 'diff', 'paper', 'official', '--json']),
    medetection(['config', 'print', 'grand']),
  ]);
  assert.match(same.stdout, /are the same/);
  assert.is(checked.code, 0);
  const { differences } = JSON.parse(diff.stdout);
  assert.ok(differences.some(({ field }: { field: string }) => field === 'model.network'));
  assert.is(unknown.code, 1);
  assert.match(unknown.stderr, /"grand" is neither one of paper, official/);
  writeFileSync(file, '{"model": {"size": 65}}');
  const wrong = await medetection(['config', 'check', file]);
  assert.is(wrong.code, 1);
  assert.match(wrong.stderr, /mine\.json: model: size 65 must be a multiple of 64/);
});

test('weights of the official network leave for PyTorch and come back', async () => {
  const { model } = presets.official;
  const run = join(folder, 'run');
  const params = initModel(model, new Random(4));
  await createRun(
    run,
    {
      version: 1,
      kind: 'meta-train',
      target: 'a',
      data: folder,
      model,
      options: defaultMetaTrain,
      seed: 0,
      skipBroken: false,
      duplicates: 'separate',
      tasks: [],
      leaveOut: [],
      splitHash: '',
      adapter: '',
      versions: {},
    },
    '{}',
  );
  await saveWeights(run, model, params);
  const file = join(folder, 'dict.safetensors');
  const ended = await medetection(['weights', 'export', run, file]);
  assert.is(ended.code, 0, ended.stderr);
  const back = await readStateDict(file, model);
  assert.equal(await back.params.head.weight.data(), await params.head.weight.data());

  const [again, other, paper] = await Promise.all([
    medetection(['weights', 'export', run, file]),
    medetection(['weights', 'export', join(folder, 'none'), join(folder, 'x.safetensors')]),
    medetection(['fine-tune', '--init', file, '--data', folder, '--target', 'a', '--preset', 'small']),
  ]);
  assert.is(again.code, 2);
  assert.match(again.stderr, /is there already/);
  assert.is(other.code, 1);
  assert.not.ok(existsSync(join(folder, 'x.safetensors')));
  assert.match(paper.stderr, /the published code has only the network "official"/);
  writeFileSync(file, readFileSync(file).subarray(0, 1000));
  try {
    await readStateDict(file, model);
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /dict\.safetensors/);
  }
});

test.run();
