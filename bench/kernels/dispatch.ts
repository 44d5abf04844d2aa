import type { Device } from '../../src/device/index.ts';
import type { Stopwatch } from '../stopwatch.ts';
import type { Case } from './case.ts';
import type { Subject } from './subject.ts';

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
 * A case on the device, run once and checked. The output starts as NaN, so an entry that the kernel does not write makes
 * the error NaN.
 *
 * @throws KernelError when the shader does not compile; DeviceError when the device refuses a command
 */
export async function loadCase(
  device: Device,
  stopwatch: Stopwatch,
  { kernel, inputs, outputLength, flops, error }: Case,
  { shape, variant }: Pick<Subject, 'shape' | 'variant'>,
): Promise<Subject> {
  const { STORAGE, COPY_SRC, UNIFORM } = GPUBufferUsage;
  const dims = Uint32Array.from(kernel.dims, (word) => (word as { u32: number }).u32);
  const output = upload(device, STORAGE | COPY_SRC, new Float32Array(outputLength).fill(Number.NaN));
  const buffers = [
    upload(device, UNIFORM, dims),
    ...inputs.map((input) => upload(device, STORAGE, input)),
    output,
  ];
  const bindings = { inputs: inputs.length, outputs: 1 };
  const start = performance.now();
  const pipeline = device.pipeline(kernel.source, kernel.constants, kernel.name, bindings);
  const bindGroup = device.gpu.createBindGroup({
    layout: device.bindGroupLayout(bindings),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const encode = (pass: GPUComputePassEncoder) => {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(...kernel.grid);
  };
  await stopwatch.time(encode, 1, `${kernel.name} (${variant})`);
  const firstSeconds = (performance.now() - start) / 1e3;
  const result = (await read(device, output)).subarray(0, outputLength);
  return {
    kernel: kernel.name,
    shape,
    variant,
    flops,
    bytes: 4 * (outputLength + inputs.reduce((n, input) => n + input.length, 0)),
    dispatches: 1,
    error: error(result),
    firstSeconds,
    encode,
    dispose: () => {
      for (const buffer of buffers) buffer.destroy();
    },
  };
}
