import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../src/compile/index.ts';
import { defaultDevice, NoAdapterError, setDefaultDevice } from '../../src/device/index.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import '../../src/ops/index.ts';

const adapter = process.env.MEDETECTION_ADAPTER ?? '';

test('a failure to open is not remembered', async () => {
  process.env.MEDETECTION_ADAPTER = 'no adapter of this name';
  const failures = await Promise.all([0, 1].map(() => defaultDevice().catch((error) => error)));
  for (const failure of failures) assert.instance(failure, NoAdapterError);
  process.env.MEDETECTION_ADAPTER = adapter;
  const [a, b] = await Promise.all([defaultDevice(), defaultDevice()]);
  assert.is(a, b);
});

test('a device that is disposed of or lost is replaced, and compiled functions follow', async () => {
  const first = await defaultDevice();
  const double = compile((x: Tensor) => x.mul(2));
  assert.is(await (await double(tensor(2))).item(), 4);
  first.dispose();
  const second = await defaultDevice();
  assert.is.not(second, first);
  assert.is(await (await double(tensor(3))).item(), 6);
  second.gpu.destroy();
  await second.gpu.lost;
  await new Promise((resolve) => setTimeout(resolve, 0));
  const [third, same] = await Promise.all([defaultDevice(), defaultDevice()]);
  assert.is.not(third, second);
  assert.is(same, third);
  assert.is(await (await double(tensor(4))).item(), 8);
  setDefaultDevice(third);
  assert.is(await defaultDevice(), third);
  third.dispose();
});

test.run();
