import { DeviceArray } from './array.ts';
import type { Device } from './device.ts';
import type { Word } from './kernel.ts';
import type { Plan } from './plan.ts';

/** An argument of a run: numbers of the host, or an array of the device. */
export type Argument = ArrayBufferView | DeviceArray;

interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly grid: readonly [number, number, number];
}

/**
 * A plan on a device: buffers, pipelines and bind groups made once. A run copies the arguments into the plan's own
 * slots, replays the dispatches and copies the results out, all in one submit; so it makes no bind group and no
 * scratch buffer, whatever the arguments.
 */
export class LoadedPlan {
  readonly plan: Plan;
  readonly device: Device;
  readonly #slots: GPUBuffer[];
  readonly #steps: Step[];
  readonly #scratch: readonly GPUBuffer[];
  #disposed = false;
  /** Buffers that only this plan uses. */
  readonly #own: GPUBuffer[] = [];

  constructor(plan: Plan, device: Device) {
    this.plan = plan;
    this.device = device;
    const constantSlots = new Set(plan.constants.map((c) => c.slot));
    const shared = plan.slots.map((_, i) => i).filter((i) => !constantSlots.has(i));
    this.#scratch = device.arena.take(shared.map((i) => plan.slots[i].bytes));
    this.#slots = new Array(plan.slots.length);
    shared.forEach((slot, i) => {
      this.#slots[slot] = this.#scratch[i];
    });
    for (const { slot, data } of plan.constants) this.#slots[slot] = this.#constant(data);
    this.#steps = this.#load();
  }

  #constant(data: ArrayBufferView | DeviceArray): GPUBuffer {
    if (data instanceof DeviceArray) return data.buffer;
    const { gpu } = this.device;
    const buffer = gpu.createBuffer({
      label: 'constant',
      size: Math.ceil(data.byteLength / 16) * 16,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    gpu.queue.writeBuffer(buffer, 0, data as GPUAllowSharedBufferSource);
    this.#own.push(buffer);
    return buffer;
  }

  /** Uploads the dims of all dispatches as one buffer and binds every dispatch once. */
  #load(): Step[] {
    const { device, plan } = this;
    const align = device.limits.minUniformBufferOffsetAlignment;
    let bytes = 0;
    const places = plan.dispatches.map(({ kernel }) => {
      const size = Math.max(16, Math.ceil((kernel.dims.length * 4) / 16) * 16);
      const offset = bytes;
      bytes += Math.ceil(size / align) * align;
      return { offset, size };
    });
    if (bytes === 0) return [];
    const image = new ArrayBuffer(bytes);
    plan.dispatches.forEach(({ kernel }, i) => {
      writeWords(new DataView(image, places[i].offset), kernel.dims);
    });
    const uniforms = device.gpu.createBuffer({
      label: 'dims',
      size: bytes,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    device.gpu.queue.writeBuffer(uniforms, 0, image);
    this.#own.push(uniforms);
    return plan.dispatches.map(({ kernel, inputs, outputs }, i) => {
      const bindings = { inputs: inputs.length, outputs: outputs.length };
      const resources = [
        { buffer: uniforms, ...places[i] },
        ...[...inputs, ...outputs].map((slot) => ({ buffer: this.#slots[slot] })),
      ];
      return {
        pipeline: device.pipeline(kernel.source, kernel.constants, kernel.name, bindings),
        bindGroup: device.gpu.createBindGroup({
          label: kernel.name,
          layout: device.bindGroupLayout(bindings),
          entries: resources.map((resource, binding) => ({ binding, resource })),
        }),
        grid: kernel.grid,
      };
    });
  }

  /** Frees what only this plan uses. Runs already submitted still finish, others throw from now on. Idempotent. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const buffer of this.#own) buffer.destroy();
    this.device.arena.give(this.#scratch);
  }

  /**
   * Encodes dispatches of the plan, by default all, into a compute pass. Outside of `run` that is for timing alone, since
   * scratch buffers hold what the last run left in them.
   */
  encode(pass: GPUComputePassEncoder, dispatches: Iterable<number> = this.#steps.keys()): void {
    for (const index of dispatches) {
      const { pipeline, bindGroup, grid } = this.#steps[index];
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
    }
  }

  /** Every pipeline of the plan, and the number of the first dispatch that uses it. */
  get pipelines(): { pipeline: GPUComputePipeline; dispatch: number }[] {
    const first = new Map<GPUComputePipeline, number>();
    this.#steps.forEach(({ pipeline }, i) => {
      if (!first.has(pipeline)) first.set(pipeline, i);
    });
    return [...first].map(([pipeline, dispatch]) => ({ pipeline, dispatch }));
  }

  /** Runs one dispatch alone, several times in one submit: for timing, since what is written in place changes every time. */
  repeat(index: number, times: number): void {
    const encoder = this.device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < times; i++) this.encode(pass, [index]);
    pass.end();
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  /**
   * Runs the plan: one submit. Returns the results as device arrays; the work may still be under way, which the queue
   * keeps in order for whoever reads them.
   *
   * @param donate numbers of the arguments whose arrays are spent: their buffers take the results
   */
  run(
    args: readonly Argument[],
    outputBytes: readonly number[],
    donate: Iterable<number> = [],
  ): DeviceArray[] {
    const { device, plan } = this;
    const { queue } = device.gpu;
    if (this.#disposed) throw new Error('plan: was disposed of and cannot be run');
    // Touching the buffer throws if somebody disposed of an array that the plan was made with.
    for (const { data } of plan.constants) if (data instanceof DeviceArray) data.buffer;
    const encoder = device.gpu.createCommandEncoder();
    plan.inputs.forEach((slot, i) => {
      if (slot === null) return;
      const arg = args[i];
      if (arg instanceof DeviceArray)
        encoder.copyBufferToBuffer(arg.buffer, 0, this.#slots[slot], 0, arg.buffer.size);
      else queue.writeBuffer(this.#slots[slot], 0, arg as GPUAllowSharedBufferSource);
    });
    // From here on the commands no longer read the arguments, so results may take their place.
    for (const i of donate) (args[i] as DeviceArray).dispose('donated to a compiled function');
    const pass = encoder.beginComputePass();
    this.encode(pass);
    pass.end();
    const results = plan.outputs.map((slot, i) => {
      const array = new DeviceArray(device, outputBytes[i]);
      encoder.copyBufferToBuffer(this.#slots[slot], 0, array.buffer, 0, array.buffer.size);
      return array;
    });
    queue.submit([encoder.finish()]);
    return results;
  }
}

function writeWords(view: DataView, words: readonly Word[]): void {
  words.forEach((word, i) => {
    if ('u32' in word) view.setUint32(4 * i, word.u32, true);
    else if ('i32' in word) view.setInt32(4 * i, word.i32, true);
    else view.setFloat32(4 * i, word.f32, true);
  });
}
