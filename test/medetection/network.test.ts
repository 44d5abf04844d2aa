import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tree } from '../../src/graph/index.ts';
import { initModel } from '../../src/medetection/index.ts';
import { Random } from '../../src/random.ts';
import { small } from './support.ts';

test('coordinate attention narrows to a whole number of channels at every width', () => {
  for (const [width, middle] of [
    [8, 8],
    [256, 8],
    [272, 8],
    [290, 9],
    [320, 10],
  ]) {
    const { attention } = initModel({ ...small, width, attention: 'low' }, new Random(0));
    assert.equal(attention.block1.reduce.weight.shape, [middle, width, 1, 1], `width ${width}`);
    for (const [path, { shape }] of tree.entries(attention)) assert.ok(shape.every(Number.isInteger), path);
  }
});

test.run();
