import { IDLE_BYTES } from './buffer-pool.ts';

/**
 * Scratch buffers shared by all plans of a device: plans run one after another on one queue, so what one leaves behind
 * another may overwrite. A plan gets the smallest buffers that hold its values, and new ones where those at hand are too
 * small. While a loaded plan is bound to a buffer it stays, so the arena grows with the largest plans that are loaded and
 * shrinks only when plans are disposed of: then what no plan is bound to is destroyed, but for 64 MiB.
 */
export class Arena {
  readonly #gpu: GPUDevice;
  /** How many loaded plans are bound to each buffer. */
  readonly #users = new Map<GPUBuffer, number>();

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** Bytes of all scratch buffers. */
  get bytes(): number {
    return [...this.#users.keys()].reduce((n, b) => n + b.size, 0);
  }

  /** Distinct buffers of at least these sizes, in order. They are the caller's until it gives them back. */
  take(sizes: readonly number[]): GPUBuffer[] {
    const free = [...this.#users.keys()].sort((a, b) => a.size - b.size);
    const taken = new Array<GPUBuffer>(sizes.length);
    const largestFirst = sizes.map((_, i) => i).sort((a, b) => sizes[b] - sizes[a]);
    for (const i of largestFirst) {
      const size = Math.ceil(sizes[i] / 16) * 16;
      const fit = free.findIndex((b) => b.size >= size);
      taken[i] =
        fit >= 0
          ? free.splice(fit, 1)[0]
          : this.#gpu.createBuffer({
              label: 'scratch',
              size,
              usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
            });
      this.#users.set(taken[i], (this.#users.get(taken[i]) ?? 0) + 1);
    }
    return taken;
  }

  /** Ends a plan's use of its buffers; work already submitted still finishes. */
  give(buffers: readonly GPUBuffer[]): void {
    for (const buffer of buffers) this.#users.set(buffer, this.#users.get(buffer)! - 1);
    const idle = [...this.#users].filter(([, users]) => users === 0).map(([buffer]) => buffer);
    let bytes = idle.reduce((n, b) => n + b.size, 0);
    for (const buffer of idle) {
      if (bytes <= IDLE_BYTES) return;
      bytes -= buffer.size;
      this.#users.delete(buffer);
      buffer.destroy();
    }
  }
}
