/** No adapter matched; the message lists what was tried and how to get one. */
export class NoAdapterError extends Error {
  override readonly name = 'NoAdapterError';
}

/** The device is gone (driver reset, removed, or disposed); open a new one. */
export class DeviceLostError extends Error {
  override readonly name = 'DeviceLostError';
}

/** The device did not answer within the watchdog's time. */
export class DeviceHungError extends Error {
  override readonly name = 'DeviceHungError';
}

/** The device refused something that it was given: a validation, out-of-memory or internal error. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
}

/** A kernel's WGSL or its pipeline was refused. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
}
