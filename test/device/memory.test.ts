import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DeviceArray } from '../../src/device/array.ts';
import { openDevice } from '../../src/device/index.ts';

const MIB = 2 ** 20;
const device = await openDevice();
const arrays = (count: number, bytes: number) =>
  Array.from({ length: count }, () => new DeviceArray(device, bytes));
const trimmed = () => Promise.resolve();

test('freed arrays are used again, and memory beyond 64 MiB and beyond what is in use is given back', async () => {
  const large = arrays(10, 16 * MIB);
  assert.is(device.buffers.bytes, 160 * MIB);
  for (const array of large.slice(0, 4)) array.dispose();
  await trimmed();
  assert.is(device.buffers.bytes, 160 * MIB, '64 MiB may wait');
  for (const array of large.slice(4, 5)) array.dispose();
  await trimmed();
  assert.is(device.buffers.bytes, 160 * MIB, 'as much may wait as is in use');
  for (const array of large.slice(5)) array.dispose();
  await trimmed();
  assert.is(device.buffers.bytes, 64 * MIB);
  const again = arrays(4, 16 * MIB);
  assert.is(device.buffers.bytes, 64 * MIB);
  for (const array of again) array.dispose();
});

test('what was freed longest ago goes first', async () => {
  const [old, recent] = [arrays(4, 16 * MIB), arrays(8, 8 * MIB)];
  for (const array of [...old, ...recent]) array.dispose();
  await trimmed();
  assert.is(device.buffers.bytes, 64 * MIB);
  const taken = arrays(8, 8 * MIB);
  assert.is(device.buffers.bytes, 64 * MIB, 'the recent ones are still there');
  for (const array of taken) array.dispose();
});

test('state that is freed and taken in one go keeps its memory, however large', async () => {
  let state = arrays(12, 16 * MIB);
  const step = () => {
    for (const array of state) array.dispose();
    state = arrays(12, 16 * MIB);
  };
  step();
  await trimmed();
  const buffers = new Set(state.map((array) => array.buffer));
  for (let i = 0; i < 5; i++) {
    step();
    await trimmed();
    assert.ok(state.every((array) => buffers.has(array.buffer)));
  }
  for (const array of state) array.dispose();
});

test('scratch memory is shared by plans, and given back once no plan is bound to it', () => {
  const { arena } = device;
  const first = arena.take([48 * MIB, 48 * MIB]);
  const second = arena.take([16, 40 * MIB]);
  assert.ok(second.every((buffer) => first.includes(buffer)));
  assert.is(new Set(second).size, 2);
  assert.is(arena.bytes, 96 * MIB);
  arena.give(first);
  assert.is(arena.bytes, 96 * MIB, 'a plan is still bound to both');
  arena.give(second);
  assert.is(arena.bytes, 48 * MIB);
  assert.is(arena.take([48 * MIB])[0].size, 48 * MIB);
  assert.is(arena.bytes, 48 * MIB, 'what is left serves the next plan');
});

test.after(() => device.dispose());
test.run();
