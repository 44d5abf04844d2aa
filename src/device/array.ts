import type { Device } from './device.ts';

/** Returns buffers that nobody disposed of, once their arrays are unreachable. */
const forgotten = new FinalizationRegistry<() => void>((release) => release());

/**
 * Numbers on a device: the only thing that a user may want to free, and need not, since what becomes unreachable is
 * freed too. Freed buffers are kept by the device for the next array of their size.
 */
export class DeviceArray {
  readonly device: Device;
  readonly bytes: number;
  #buffer: GPUBuffer | undefined;
  #gone = 'disposed of';

  constructor(device: Device, bytes: number) {
    this.device = device;
    this.bytes = bytes;
    const buffer = device.buffers.take(bytes);
    this.#buffer = buffer;
    forgotten.register(this, () => device.buffers.give(buffer), this);
  }

  /** @throws when the array was disposed of or donated. */
  get buffer(): GPUBuffer {
    if (this.#buffer === undefined)
      throw new Error(`tensor: its device array was ${this.#gone}; use the tensor that replaced it`);
    return this.#buffer;
  }

  get disposed(): boolean {
    return this.#buffer === undefined;
  }

  /** Frees the array. Using it afterwards throws an error that says why it is gone. Idempotent. */
  dispose(why = 'disposed of'): void {
    if (this.#buffer === undefined) return;
    forgotten.unregister(this);
    this.device.buffers.give(this.#buffer);
    this.#buffer = undefined;
    this.#gone = why;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Reads the array back. */
  async read(what = 'tensor'): Promise<ArrayBuffer> {
    const { gpu } = this.device;
    const staging = gpu.createBuffer({
      size: this.buffer.size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(this.buffer, 0, staging, 0, staging.size);
    gpu.queue.submit([encoder.finish()]);
    try {
      await this.device.guard(staging.mapAsync(GPUMapMode.READ), `readback of ${what}`);
      return staging.getMappedRange().slice(0, this.bytes);
    } finally {
      staging.destroy();
    }
  }
}
