import type { Device } from '../src/device/index.ts';

/** Encodes work into a compute pass. */
export type Encode = (pass: GPUComputePassEncoder) => void;

/** What a submission took. */
export interface Taken {
  /** By the device's own clock where it is a GPU that has one, else from submitting to knowing that it is done. */
  readonly seconds: number;
  /** Processor seconds of this process, all threads together: steadier on a machine that is shared. */
  readonly processorSeconds: number;
}

const STAMP = 8;

/**
 * Times work on a device. A GPU is timed by timestamps of its own; where a processor runs the shaders, its own timestamps
 * tell nothing that the clock on the wall does not.
 */
export class Stopwatch {
  readonly #device: Device;
  readonly #stamps: { set: GPUQuerySet; resolved: GPUBuffer; read: GPUBuffer } | undefined;

  constructor(device: Device) {
    this.#device = device;
    if (!device.capabilities.timestamps || device.adapterInfo.software) return;
    const { gpu } = device;
    const { COPY_SRC, COPY_DST, QUERY_RESOLVE, MAP_READ } = GPUBufferUsage;
    this.#stamps = {
      set: gpu.createQuerySet({ type: 'timestamp', count: 2 }),
      resolved: gpu.createBuffer({ size: 2 * STAMP, usage: QUERY_RESOLVE | COPY_SRC }),
      read: gpu.createBuffer({ size: 2 * STAMP, usage: MAP_READ | COPY_DST }),
    };
  }

  get clock(): 'timestamps' | 'wall' {
    return this.#stamps ? 'timestamps' : 'wall';
  }

  /** Does the work so many times in one submission. */
  async time(encode: Encode, times: number, what: string): Promise<Taken> {
    const { gpu } = this.#device;
    const stamps = this.#stamps;
    const encoder = gpu.createCommandEncoder({ label: what });
    const pass = encoder.beginComputePass({
      label: what,
      timestampWrites: stamps && {
        querySet: stamps.set,
        beginningOfPassWriteIndex: 0,
        endOfPassWriteIndex: 1,
      },
    });
    for (let k = 0; k < times; k++) encode(pass);
    pass.end();
    if (stamps) {
      encoder.resolveQuerySet(stamps.set, 0, 2, stamps.resolved, 0);
      encoder.copyBufferToBuffer(stamps.resolved, 0, stamps.read, 0, 2 * STAMP);
    }
    const commands = encoder.finish();
    const before = process.cpuUsage();
    const start = performance.now();
    gpu.queue.submit([commands]);
    await this.#device.guard(gpu.queue.onSubmittedWorkDone(), what);
    const wall = (performance.now() - start) / 1e3;
    const { user, system } = process.cpuUsage(before);
    return {
      seconds: stamps ? await this.#elapsed(stamps.read) : wall,
      processorSeconds: (user + system) / 1e6,
    };
  }

  async #elapsed(read: GPUBuffer): Promise<number> {
    await this.#device.guard(read.mapAsync(GPUMapMode.READ), 'the readback of timestamps');
    const [begin, end] = new BigUint64Array(read.getMappedRange());
    read.unmap();
    return Number(end - begin) / 1e9;
  }
}
