import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { doctorReport } from '../../src/device/index.ts';

test('reports and measures the device', async () => {
  const report = await doctorReport();
  assert.equal(JSON.parse(JSON.stringify(report)), report);
  assert.ok(report.adapter && report.capabilities && report.measured);
  assert.match(report.versions[report.runtime], /^\d+\.\d+/);
  assert.is(report.limits.maxStorageBufferBindingSize, report.capabilities.maxBindingBytes);
  assert.is(report.features.includes('subgroups'), report.capabilities.subgroups);
  const { flopsPerSecond, bytesPerSecond, secondsPerDispatch, secondsPerRoundTrip } = report.measured;
  // Wide bounds: from SwiftShader on a busy laptop to the largest GPU of the day.
  assert.ok(flopsPerSecond > 1e8 && flopsPerSecond < 1e15, `${flopsPerSecond} FLOP/s`);
  assert.ok(bytesPerSecond > 1e7 && bytesPerSecond < 1e14, `${bytesPerSecond} B/s`);
  assert.ok(secondsPerDispatch > 1e-8 && secondsPerDispatch < 1e-2, `${secondsPerDispatch} s`);
  assert.ok(secondsPerRoundTrip > 1e-7 && secondsPerRoundTrip < 1, `${secondsPerRoundTrip} s`);
  assert.is(
    report.missing.some((line) => line.startsWith('GPU:')),
    report.adapter.software,
  );
});

test('measures only when asked', async () => {
  assert.is((await doctorReport({ measure: false })).measured, null);
});

test('without an adapter it reports what was tried', async () => {
  const report = await doctorReport({ adapter: 'voodoo2' });
  assert.is(report.adapter, null);
  assert.is(report.measured, null);
  assert.is(report.missing.length, 1);
  assert.match(report.missing[0], 'no WebGPU adapter found for "voodoo2"');
});

test.run();
