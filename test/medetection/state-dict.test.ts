import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tree } from '../../src/graph/index.ts';
import {
  fromStateDict,
  initModel,
  presets,
  statisticsLike,
  toStateDict,
} from '../../src/medetection/index.ts';
import { Random } from '../../src/random.ts';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../../src/store/index.ts';

const { model } = presets.official;
const params = initModel(model, new Random(1));

/** Through the bytes of a file. */
const written = (tensors: Record<string, StoredTensor>) =>
  decodeSafetensors(encodeSafetensors(tensors, { format: 'pt' }), 'dict');

test('the names and shapes of the published modules', async () => {
  const dict = await toStateDict(model, { params });
  const shapes = Object.fromEntries(Object.entries(dict).map(([name, { shape }]) => [name, shape.join()]));
  // 12 convolutions of trunk and blocks, attention's three, the classifier and the unused one: weight and bias; 8 normalisations of five.
  assert.is(Object.keys(dict).length, (7 + 4 + 3 + 1 + 1) * 2 + (3 + 4 + 1) * 5);
  assert.is(shapes['S_net.0.weight'], '64,3,3,3');
  assert.is(shapes['S_net.12.running_var'], '256');
  assert.is(shapes['C_net1.0.weight'], '32,256,3,3');
  assert.is(shapes['C_net4.2.num_batches_tracked'], '');
  assert.is(shapes['ca.conv_h.weight'], '32,8,1,1');
  assert.is(shapes['ca.bn1.bias'], '8');
  assert.is(shapes['classifier.0.weight'], '2,672');
  assert.is(shapes['adjust.weight'], '256,3,3,3');
});

test('weights and statistics come back from the file as they went', async () => {
  const random = new Random(2);
  const filled = (path: string, n: number) =>
    Float32Array.from({ length: n }, () => random.next() + (path.endsWith('variance') ? 1 : 0));
  const dict = await toStateDict(model, { params });
  for (const [name, t] of Object.entries(dict))
    if (name.includes('running_')) Object.assign(t, { data: filled(name, t.shape[0]) });
  const back = fromStateDict(model, written(dict), 'dict');
  assert.equal(
    tree.entries(back.params).map(([path]) => path),
    tree.entries(params).map(([path]) => path),
  );
  for (const [path, t] of tree.entries(params)) {
    const found = tree.entries(back.params).find(([name]) => name === path)![1];
    assert.equal(await found.data(), await t.data(), path);
  }
  const again = await toStateDict(model, back);
  for (const [name, t] of Object.entries(dict)) assert.equal(again[name].data, t.data, name);
  assert.is(tree.leaves(back.statistics).length, tree.leaves(statisticsLike(params)).length);
});

test('a dict that does not fit is refused by the published name', async () => {
  const dict = await toStateDict(model, { params });
  const { 'S_net.5.bias': _, ...less } = dict;
  assert.throws(() => fromStateDict(model, written(less), 'd'), /d: tensor "S_net\.5\.bias" is missing/);
  const odd = { ...dict, 'extra.weight': dict['S_net.0.bias'] };
  assert.throws(() => fromStateDict(model, written(odd), 'd'), /tensor "extra\.weight" has no place/);
  const bent = { ...dict, 'ca.conv1.bias': dict['S_net.0.bias'] };
  assert.throws(
    () => fromStateDict(model, written(bent), 'd'),
    /"ca\.conv1\.bias" has shape \[64\] in the file, the model needs one of shape \[8\]/,
  );
  const nan = { ...dict['S_net.0.bias'], data: new Float32Array(64).fill(Number.NaN) } as StoredTensor;
  assert.throws(
    () => fromStateDict(model, written({ ...dict, 'S_net.0.bias': nan }), 'd'),
    /"S_net\.0\.bias" holds NaN/,
  );
  assert.throws(
    () => fromStateDict(presets.paper.model, written(dict), 'd'),
    /the published code has only the network "official" .* this one is "paper"/,
  );
});

test.run();
