import type { Device } from './device.ts';
import { openDevice } from './open.ts';

let current: Promise<Device> | undefined;

/** The device on which tensors are computed unless told otherwise; opened at first use. */
export function defaultDevice(): Promise<Device> {
  current ??= openDevice();
  return current;
}

/** Makes a device the default one. */
export function setDefaultDevice(device: Device): void {
  current = Promise.resolve(device);
}
