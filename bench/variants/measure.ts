import type { Device } from '../../src/device/index.ts';
import type { Case } from './case.ts';

/** What one case measured. */
export interface Measurement {
  readonly error: number;
  /** Seconds of one dispatch: median over five submissions of many. */
  readonly seconds: number;
  /** Processor seconds of one dispatch, all threads together: steadier than `seconds` on a machine that is shared. */
  readonly processorSeconds: number;
  /** Seconds of the very first dispatch, which includes the driver's compilation unless it has cached that. */
  readonly firstSeconds: number;
}

const upload = (device: Device, usage: number, data: Float32Array | Uint32Array): GPUBuffer => {
  const size = Math.ceil(data.byteLength / 16) * 16;
  const buffer = device.gpu.createBuffer({ size, usage: usage | GPUBufferUsage.COPY_DST });
  device.gpu.queue.writeBuffer(buffer, 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return buffer;
};

const read = async (device: Device, source: GPUBuffer): Promise<Float32Array> => {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const staging = device.gpu.createBuffer({ size: source.size, usage });
  const encoder = device.gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, staging, 0, source.size);
  device.gpu.queue.submit([encoder.finish()]);
  await device.guard(staging.mapAsync(GPUMapMode.READ), 'the readback of a result');
  const data = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return data;
};

/**
 * Runs a case: checks its result, then times it.
 *
 * The output starts as NaN, so an entry that the kernel does not write makes the error NaN.
 *
 * @param budgetSeconds about how long each of the five timed submissions lasts
 * @throws KernelError when the shader does not compile; DeviceError when the device refuses a command
 */
export const measure = async (
  device: Device,
  { kernel, inputs, outputLength, error }: Case,
  budgetSeconds: number,
): Promise<Measurement> => {
  const { STORAGE, COPY_SRC, UNIFORM } = GPUBufferUsage;
  const dims = Uint32Array.from(kernel.dims, (word) => (word as { u32: number }).u32);
  const output = upload(device, STORAGE | COPY_SRC, new Float32Array(outputLength).fill(Number.NaN));
  const buffers = [
    upload(device, UNIFORM, dims),
    ...inputs.map((input) => upload(device, STORAGE, input)),
    output,
  ];
  const bindings = { inputs: inputs.length, outputs: 1 };
  const pipeline = device.pipeline(kernel.source, kernel.constants, kernel.name, bindings);
  const bindGroup = device.gpu.createBindGroup({
    layout: device.bindGroupLayout(bindings),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const run = async (dispatches: number): Promise<number> => {
    const encoder = device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    for (let k = 0; k < dispatches; k++) pass.dispatchWorkgroups(...kernel.grid);
    pass.end();
    const commands = encoder.finish();
    const start = performance.now();
    device.gpu.queue.submit([commands]);
    await device.guard(device.gpu.queue.onSubmittedWorkDone(), kernel.name);
    return (performance.now() - start) / 1e3;
  };

  const firstSeconds = await run(1);
  const result = (await read(device, output)).subarray(0, outputLength);
  const dispatches = Math.max(1, Math.round(budgetSeconds / (await run(1))));
  const repeats: number[] = [];
  const before = process.cpuUsage();
  for (let k = 0; k < 5; k++) repeats.push((await run(dispatches)) / dispatches);
  const { user, system } = process.cpuUsage(before);
  repeats.sort((a, b) => a - b);
  for (const buffer of buffers) buffer.destroy();
  return {
    error: error(result),
    seconds: repeats[2],
    processorSeconds: (user + system) / 1e6 / (5 * dispatches),
    firstSeconds,
  };
};
