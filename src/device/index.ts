export type { AdapterInfo, Capabilities } from './capabilities.ts';
export type { Bindings, Runtime } from './device.ts';
export { Device } from './device.ts';
export { DeviceError, DeviceHungError, DeviceLostError, KernelError, NoAdapterError } from './errors.ts';
export type { Kernel, Word } from './kernel.ts';
export { f32, i32, u32 } from './kernel.ts';
export type { OpenOptions } from './open.ts';
export { openDevice } from './open.ts';
