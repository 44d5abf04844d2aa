import type { Device } from './device.ts';
import { openDevice } from './open.ts';

let current: Promise<Device> | undefined;

/**
 * The device on which tensors are computed unless told otherwise; opened at first use, and anew once it is lost, hung or
 * disposed of. What failed to open is tried again.
 * @throws as `openDevice` does
 */
export async function defaultDevice(): Promise<Device> {
  const opening = open();
  const device = await opening;
  if (device.usable) return device;
  if (current === opening) current = undefined;
  return open();
}

function open(): Promise<Device> {
  if (current !== undefined) return current;
  const opening = openDevice();
  current = opening;
  opening.catch(() => {
    if (current === opening) current = undefined;
  });
  return opening;
}

/** Makes a device the default one. */
export function setDefaultDevice(device: Device): void {
  current = Promise.resolve(device);
}
