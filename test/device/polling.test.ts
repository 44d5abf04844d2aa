import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { beginWait } from '../../src/device/polling.ts';

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('in a long wait native callbacks, which are polls, come by a timer', async () => {
  const usual = globalThis.setImmediate;
  const order: string[] = [];
  const end = beginWait();
  await sleep(20);
  // A bound function is native, as Dawn's callback is.
  setImmediate(order.push.bind(order, 'poll'));
  for (let i = 0; i < 3; i++) {
    setImmediate(() => order.push('mine'));
    await promisify(setImmediate)();
  }
  await sleep(20);
  end();
  assert.is(globalThis.setImmediate, usual);
  assert.is(order.length, 4);
  assert.is(order[0], 'mine', `order: ${order}`);
});

test('a short wait changes nothing', async () => {
  const usual = globalThis.setImmediate;
  const end = beginWait();
  assert.is(globalThis.setImmediate, usual);
  end();
  await sleep(20);
  assert.is(globalThis.setImmediate, usual);
});

test('of overlapping waits the last one restores', async () => {
  const usual = globalThis.setImmediate;
  const ends = [beginWait(), beginWait()];
  await sleep(20);
  ends[0]();
  ends[0]();
  assert.is.not(globalThis.setImmediate, usual);
  ends[1]();
  assert.is(globalThis.setImmediate, usual);
});

test.run();
