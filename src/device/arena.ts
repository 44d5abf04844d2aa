import type { Device } from './device.ts';

/**
 * Scratch buffers shared by all plans of a device: plans run one after another on one queue, so what one leaves behind
 * another may overwrite. Plans of like sizes share everything; a buffer too small for a later plan stays for the earlier.
 */
export class Arena {
  readonly #device: Device;
  readonly #buffers: GPUBuffer[] = [];

  constructor(device: Device) {
    this.#device = device;
  }

  /** Bytes of all scratch buffers. */
  get bytes(): number {
    return this.#buffers.reduce((n, b) => n + b.size, 0);
  }

  /**
   * Distinct buffers of at least these sizes, in order.
   * @throws when one is larger than the device can bind.
   */
  take(sizes: readonly number[]): GPUBuffer[] {
    const { maxBindingBytes } = this.#device.capabilities;
    const free = [...this.#buffers].sort((a, b) => a.size - b.size);
    const taken = new Array<GPUBuffer>(sizes.length);
    const largestFirst = sizes.map((_, i) => i).sort((a, b) => sizes[b] - sizes[a]);
    for (const i of largestFirst) {
      const size = Math.ceil(sizes[i] / 16) * 16;
      if (size > maxBindingBytes)
        throw new Error(
          `plan: one tensor needs ${mib(size)} MiB, but this adapter binds at most ${mib(maxBindingBytes)} MiB at once; use smaller batches or images`,
        );
      const fit = free.findIndex((b) => b.size >= size);
      if (fit >= 0) taken[i] = free.splice(fit, 1)[0];
      else {
        taken[i] = this.#device.gpu.createBuffer({
          label: 'scratch',
          size,
          usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
        });
        this.#buffers.push(taken[i]);
      }
    }
    return taken;
  }
}

const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
