import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DeviceError, DeviceHungError, DeviceLostError, openDevice } from '../../src/device/index.ts';

const rejection = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => assert.unreachable('should have been rejected'),
    (error) => error,
  ) as Promise<Error>;

const never = () => new Promise<never>(() => {});
const later = <T>(value: T, milliseconds: number) =>
  new Promise<T>((resolve) => setTimeout(() => resolve(value), milliseconds));

test('gives the value, and the rejection of its own', async () => {
  const device = await openDevice({ watchdogSeconds: 5 });
  assert.is(await device.guard(later(42, 10), 'an answer'), 42);
  const error = await rejection(device.guard(Promise.reject(new RangeError('mine')), 'an answer'));
  assert.instance(error, RangeError);
  assert.is(await device.guard(Promise.resolve('still there'), 'an answer'), 'still there');
  device.dispose();
});

test('a wait ends after the watchdog time; the device counts as hung from then on', async () => {
  const device = await openDevice({ watchdogSeconds: 0.05 });
  const start = performance.now();
  const error = await rejection(device.guard(never(), 'the readback of loss'));
  const seconds = (performance.now() - start) / 1000;
  assert.instance(error, DeviceHungError);
  assert.match(error.message, /did not finish the readback of loss within 0\.05 s/);
  assert.ok(seconds >= 0.05 && seconds < 5, `took ${seconds} s`);
  assert.is(await rejection(device.guard(Promise.resolve(1), 'more')), error);
  assert.throws(
    () => device.pipeline('', {}, 'any', { inputs: 0, outputs: 0 }),
    (again: Error) => again === error,
  );
  device.dispose();
});

test('an answer that waited only because this thread was busy counts', async () => {
  const device = await openDevice({ watchdogSeconds: 0.05 });
  const wait = device.guard(later('done', 60), 'an answer');
  const start = performance.now();
  while (performance.now() - start < 80);
  assert.is(await wait, 'done');
  device.dispose();
});

test('a lost device ends every wait and refuses every later call with one clear error', async () => {
  const device = await openDevice({ watchdogSeconds: 30 });
  const waits = [device.guard(never(), 'one thing'), device.guard(never(), 'another')].map(rejection);
  device.gpu.destroy();
  const [one, another] = await Promise.all(waits);
  assert.instance(one, DeviceLostError);
  assert.match(one.message, /^WebGPU device ".+" was lost \(destroyed.*\); open a new device$/);
  assert.is(another, one);
  assert.is(await rejection(device.guard(Promise.resolve(1), 'more')), one);
  assert.throws(
    () => device.bindGroupLayout({ inputs: 1, outputs: 1 }),
    (again: Error) => again === one,
  );
});

test('a readback that the loss rejects tells of the loss', async () => {
  const device = await openDevice({ watchdogSeconds: 30 });
  const buffer = device.gpu.createBuffer({
    size: 16,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const wait = device.guard(buffer.mapAsync(GPUMapMode.READ), 'the readback');
  device.gpu.destroy();
  assert.instance(await rejection(wait), DeviceLostError);
});

test('dispose ends waits, may be repeated, and is told apart from a loss', async () => {
  const device = await openDevice({ watchdogSeconds: 30 });
  const wait = rejection(device.guard(never(), 'one thing'));
  device.dispose();
  device.dispose();
  const error = await wait;
  assert.instance(error, DeviceLostError);
  assert.match(error.message, 'was disposed');
});

test('an error that nobody captured is thrown by the next wait, once', async () => {
  const device = await openDevice();
  device.gpu.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
  const error = await rejection(device.guard(device.gpu.queue.onSubmittedWorkDone(), 'the work'));
  assert.instance(error, DeviceError);
  assert.match(error.message, /^WebGPU device ".+": .*usage/is);
  await device.guard(device.gpu.queue.onSubmittedWorkDone(), 'the work');
  device.dispose();
});

test('of several errors the first is thrown, with the count of the others', async () => {
  const device = await openDevice();
  for (let i = 0; i < 3; i++)
    device.gpu.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
  const error = await rejection(device.guard(device.gpu.queue.onSubmittedWorkDone(), 'the work'));
  assert.match(error.message, '(2 more errors followed; the next: ');
  device.dispose();
});

test('a long wait leaves setImmediate as it was', async () => {
  const usual = globalThis.setImmediate;
  const device = await openDevice({ adapter: 'software' });
  const order: string[] = [];
  const wait = device.guard(later('done', 60), 'an answer');
  await later(undefined, 30);
  // Of this process's own calls nothing changes, cancelling included.
  const cancelled = setImmediate(() => order.push('cancelled'));
  clearImmediate(cancelled);
  await new Promise<void>((resolve) => {
    setImmediate((text: string) => {
      order.push(text);
      resolve();
    }, 'with arguments');
  });
  await wait;
  assert.equal(order, ['with arguments']);
  assert.is(globalThis.setImmediate, usual);
  device.dispose();
});

test.run();
