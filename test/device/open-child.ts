/**
 * Opens a device and does as its arguments say, for tests that need a process of their own:
 * `<adapter> [leave|dispose|pending]`. Prints the adapter's name, or the error's.
 */
import { openDevice } from '../../src/device/index.ts';

const [adapter, after = 'leave'] = process.argv.slice(2);
try {
  const device = await openDevice({ adapter, watchdogSeconds: 60 });
  device.pipeline('@compute @workgroup_size(1) fn main() {}', {}, 'empty', { inputs: 0, outputs: 0 });
  await device.check();
  console.log(device.adapterInfo.description);
  if (after === 'dispose') device.dispose();
  if (after === 'pending') {
    const wait = device.guard(new Promise(() => {}), 'what never comes');
    device.dispose();
    await wait;
  }
} catch (error) {
  console.log(String(error));
}
