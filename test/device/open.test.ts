import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NoAdapterError, openDevice } from '../../src/device/index.ts';
import { openInChild } from './child.ts';

const rejection = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => assert.unreachable('should have been rejected'),
    (error) => error,
  ) as Promise<Error>;

test('opens a device with all the limits that kernels use', async () => {
  const device = await openDevice();
  const { capabilities, limits } = device;
  assert.is(capabilities.family, device.adapterInfo.software ? 'simd' : 'tiled');
  assert.is(capabilities.maxBindingBytes, limits.maxStorageBufferBindingSize);
  // WebGPU gives 8 storage buffers and 16 KiB unless more is asked for; every adapter met so far has more.
  assert.ok(capabilities.maxStorageBuffers > 8, `${capabilities.maxStorageBuffers} storage buffers`);
  assert.ok(
    capabilities.maxWorkgroupStorage > 16384,
    `${capabilities.maxWorkgroupStorage} bytes of workgroup memory`,
  );
  assert.ok([4, 8, 16, 32, 64].includes(capabilities.lanes), `${capabilities.lanes} lanes`);
  assert.is(capabilities.subgroups, device.features.has('subgroups'));
  device.dispose();
});

test('capabilities are plain data', async () => {
  const device = await openDevice();
  assert.equal(JSON.parse(JSON.stringify(device.capabilities)), device.capabilities);
  assert.equal(JSON.parse(JSON.stringify(device.adapterInfo)), device.adapterInfo);
  device.dispose();
});

test('an adapter by part of its name, whatever the case of its letters', async () => {
  const first = await openDevice();
  const name = first.adapterInfo.description.slice(0, 6);
  first.dispose();
  const second = await openDevice({ adapter: name.toUpperCase() });
  assert.ok(second.adapterInfo.description.startsWith(name), second.adapterInfo.description);
  second.dispose();
});

test('an adapter that does not exist: the error says what there is', async () => {
  const error = await rejection(openDevice({ adapter: 'voodoo2' }));
  assert.instance(error, NoAdapterError);
  assert.match(
    error.message,
    /no WebGPU adapter found for "voodoo2"\. Tried:\n- the system: (only ".+"|no adapter)/,
  );
});

test('software means software', async () => {
  const device = await openDevice({ adapter: 'software' });
  assert.is(device.adapterInfo.software, true);
  assert.is(device.capabilities.family, 'simd');
  device.dispose();
});

test('a watchdog time that is no time is refused', async () => {
  process.env.MEDETECTION_WATCHDOG_SECONDS = 'soon';
  try {
    const error = await rejection(openDevice());
    assert.match(error.message, 'MEDETECTION_WATCHDOG_SECONDS: "soon" is not a positive number of seconds');
  } finally {
    delete process.env.MEDETECTION_WATCHDOG_SECONDS;
  }
});

test('the watchdog time comes from the environment, and an option overrides it', async () => {
  process.env.MEDETECTION_WATCHDOG_SECONDS = '17';
  try {
    const fromEnvironment = await openDevice();
    const fromOption = await openDevice({ watchdogSeconds: 5 });
    assert.is(fromEnvironment.watchdogSeconds, 17);
    assert.is(fromOption.watchdogSeconds, 5);
    fromEnvironment.dispose();
    fromOption.dispose();
  } finally {
    delete process.env.MEDETECTION_WATCHDOG_SECONDS;
  }
});

for (const after of ['leave', 'dispose', 'pending']) {
  test(`a process that opened a device ends by itself (${after})`, async () => {
    // Far below the child's watchdog of 60 s, whose timer must not hold the process either.
    const { code, signal, stdout } = await openInChild(['auto', after], {}, { limitSeconds: 30 });
    assert.is(signal, null, 'had to be killed');
    assert.is(code, 0);
    assert.match(stdout, after === 'pending' ? /DeviceLostError: WebGPU device ".+" was disposed/ : /\w/);
  });
}

test.run();
