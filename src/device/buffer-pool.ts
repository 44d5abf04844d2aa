/** Freed buffers waiting for the next array of their size, so that a training loop allocates nothing. */
export class BufferPool {
  readonly #gpu: GPUDevice;
  readonly #free = new Map<number, GPUBuffer[]>();
  #bytes = 0;

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
    if (waiting !== undefined) return waiting;
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
  }
}
