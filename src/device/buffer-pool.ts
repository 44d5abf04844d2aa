/** Idle memory that is kept however little is in use, in bytes. */
export const IDLE_BYTES = 64 * 2 ** 20;

/**
 * Freed buffers waiting for the next array of their size, so that a training loop allocates nothing. As much may wait as
 * is in use (but 64 MiB at least); beyond that the buffers freed longest ago are destroyed.
 */
export class BufferPool {
  readonly #gpu: GPUDevice;
  /** By size, the last freed last. */
  readonly #free = new Map<number, GPUBuffer[]>();
  /** All that wait, the first freed first. */
  readonly #idle = new Set<GPUBuffer>();
  #bytes = 0;
  #idleBytes = 0;
  #trims = false;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** Bytes of all buffers made here, in use or waiting. */
  get bytes(): number {
    return this.#bytes;
  }

  take(bytes: number): GPUBuffer {
    // Whole vec4s: kernels read four numbers at a time.
    const size = Math.ceil(bytes / 16) * 16;
    const waiting = this.#free.get(size)?.pop();
    if (waiting !== undefined) {
      this.#idle.delete(waiting);
      this.#idleBytes -= size;
      return waiting;
    }
    this.#bytes += size;
    return this.#gpu.createBuffer({
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
  }

  give(buffer: GPUBuffer): void {
    const waiting = this.#free.get(buffer.size);
    if (waiting === undefined) this.#free.set(buffer.size, [buffer]);
    else waiting.push(buffer);
    this.#idle.add(buffer);
    this.#idleBytes += buffer.size;
    // Not at once: a run frees what is donated to it and takes as much again for its results.
    if (!this.#trims) queueMicrotask(() => this.#trim());
    this.#trims = true;
  }

  #trim(): void {
    this.#trims = false;
    const most = Math.max(IDLE_BYTES, this.#bytes - this.#idleBytes);
    for (const buffer of this.#idle) {
      if (this.#idleBytes <= most) return;
      // The longest idle of all is the longest idle of its size. Work already submitted still reads it.
      this.#free.get(buffer.size)!.shift();
      this.#idle.delete(buffer);
      this.#idleBytes -= buffer.size;
      this.#bytes -= buffer.size;
      buffer.destroy();
    }
  }
}
