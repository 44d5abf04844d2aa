import type { Device } from './device.ts';
import { shaderSource } from './shader.ts';

/** What a device was measured to do; the ceilings that kernels are held against. */
export interface Measured {
  /** f32 operations per second, a fused multiply-add counted as two. */
  readonly flopsPerSecond: number;
  /** Bytes per second of a copy, reads and writes counted both. */
  readonly bytesPerSecond: number;
  /** Seconds per dispatch of an empty kernel, within a submission of many. */
  readonly secondsPerDispatch: number;
  /** Seconds from submitting an empty kernel to knowing that it is done. */
  readonly secondsPerRoundTrip: number;
}

/** A run is repeated within one submission until it takes this long, so that the round trip does not count. */
const LONG_ENOUGH = 0.06;
const MAX_REPEATS = 1 << 16;
const FMAS_PER_ITERATION = 64;
const COPIES_PER_INVOCATION = 16;
const VEC4 = 16;

/**
 * Measures the rates of arithmetic, of memory and of dispatches; about a second of work, best of 5 each.
 *
 * @throws what `Device.guard` throws
 */
export async function measureDevice(device: Device): Promise<Measured> {
  return {
    flopsPerSecond: await measureArithmetic(device),
    bytesPerSecond: await measureCopy(device),
    secondsPerDispatch: await measureDispatch(device),
    secondsPerRoundTrip: await measureRoundTrip(device),
  };
}

async function measureArithmetic(device: Device): Promise<number> {
  const { family, lanes } = device.capabilities;
  const group = family === 'simd' ? lanes : 256;
  const groups = family === 'simd' ? 256 : 4096;
  const iterations = family === 'simd' ? 256 : 512;
  const dims = new DataView(new ArrayBuffer(16));
  dims.setUint32(0, iterations, true);
  dims.setFloat32(4, 0.999, true);
  dims.setFloat32(8, 0.001, true);
  const uniform = buffer(device, 16, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
  device.gpu.queue.writeBuffer(uniform, 0, dims.buffer);
  const y = buffer(device, group * groups * VEC4, GPUBufferUsage.STORAGE);
  const seconds = await secondsOf(device, 'doctor_fma', { GROUP: group }, uniform, [], [y], groups);
  return (2 * FMAS_PER_ITERATION * iterations * group * groups) / seconds;
}

async function measureCopy(device: Device): Promise<number> {
  const { family, lanes, maxBindingBytes, maxBufferBytes, maxGrid } = device.capabilities;
  const group = family === 'simd' ? lanes : 256;
  const bytesPerGroup = group * COPIES_PER_INVOCATION * VEC4;
  // Larger than the caches: a CPU's are below 64 MiB as a rule, a GPU's below 100.
  const wanted = family === 'simd' ? 64 << 20 : 512 << 20;
  const groups = Math.min(
    maxGrid,
    Math.floor(Math.min(wanted, maxBindingBytes, maxBufferBytes) / bytesPerGroup),
  );
  const bytes = groups * bytesPerGroup;
  const uniform = buffer(device, 16, GPUBufferUsage.UNIFORM);
  const x = buffer(device, bytes, GPUBufferUsage.STORAGE);
  const y = buffer(device, bytes, GPUBufferUsage.STORAGE);
  const seconds = await secondsOf(device, 'doctor_copy', { GROUP: group }, uniform, [x], [y], groups);
  return (2 * bytes) / seconds;
}

async function measureDispatch(device: Device): Promise<number> {
  const uniform = buffer(device, 16, GPUBufferUsage.UNIFORM);
  return secondsOf(device, 'doctor_empty', {}, uniform, [], [], 1);
}

async function measureRoundTrip(device: Device): Promise<number> {
  const uniform = buffer(device, 16, GPUBufferUsage.UNIFORM);
  const run = prepare(device, 'doctor_empty', {}, uniform, [], [], 1);
  await run(1);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i++) best = Math.min(best, await run(1));
  uniform.destroy();
  return best;
}

/** Seconds per dispatch, best of 5 submissions of as many dispatches as take long enough. Destroys the buffers. */
async function secondsOf(
  device: Device,
  shader: 'doctor_fma' | 'doctor_copy' | 'doctor_empty',
  constants: Record<string, number>,
  uniform: GPUBuffer,
  inputs: GPUBuffer[],
  outputs: GPUBuffer[],
  groups: number,
): Promise<number> {
  const run = prepare(device, shader, constants, uniform, inputs, outputs, groups);
  await run(1); // Compiles the kernel and touches the memory.
  let repeats = 1;
  let seconds = await run(repeats);
  while (seconds < LONG_ENOUGH && repeats < MAX_REPEATS) {
    const factor = Math.min(64, Math.max(2, (1.3 * LONG_ENOUGH) / seconds));
    repeats = Math.min(MAX_REPEATS, Math.ceil(repeats * factor));
    seconds = await run(repeats);
  }
  for (let i = 0; i < 4; i++) seconds = Math.min(seconds, await run(repeats));
  for (const used of [uniform, ...inputs, ...outputs]) used.destroy();
  return seconds / repeats;
}

/** Makes a function that submits `repeats` dispatches and gives the seconds until they are done. */
function prepare(
  device: Device,
  shader: 'doctor_fma' | 'doctor_copy' | 'doctor_empty',
  constants: Record<string, number>,
  uniform: GPUBuffer,
  inputs: GPUBuffer[],
  outputs: GPUBuffer[],
  groups: number,
): (repeats: number) => Promise<number> {
  const bindings = { inputs: inputs.length, outputs: outputs.length };
  const pipeline = device.pipeline(shaderSource(shader), constants, shader, bindings);
  const bindGroup = device.gpu.createBindGroup({
    label: shader,
    layout: device.bindGroupLayout(bindings),
    entries: [uniform, ...inputs, ...outputs].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  return async (repeats) => {
    const start = performance.now();
    const encoder = device.gpu.createCommandEncoder({ label: shader });
    const pass = encoder.beginComputePass({ label: shader });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    for (let i = 0; i < repeats; i++) pass.dispatchWorkgroups(groups);
    pass.end();
    device.gpu.queue.submit([encoder.finish()]);
    await device.guard(device.gpu.queue.onSubmittedWorkDone(), `the measurement ${shader}`);
    return (performance.now() - start) / 1000;
  };
}

function buffer(device: Device, size: number, usage: GPUBufferUsageFlags): GPUBuffer {
  return device.gpu.createBuffer({ label: 'doctor', size, usage });
}
