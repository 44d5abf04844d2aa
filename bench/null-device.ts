import { Device } from '../src/device/index.ts';

/** Limits of a processor's adapter, such as Mesa's. */
const LIMITS = {
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 32 - 1,
  maxStorageBuffersPerShaderStage: 16,
  maxComputeWorkgroupStorageSize: 2 ** 15,
  maxComputeInvocationsPerWorkgroup: 1024,
  maxComputeWorkgroupsPerDimension: 65535,
  minUniformBufferOffsetAlignment: 256,
};

/**
 * A device that takes every command and does nothing, so that what takes time is the host's own work; with the number of
 * buffers that were made on it.
 */
export function nullDevice(): { readonly device: Device; readonly buffers: () => number } {
  let made = 0;
  const nothing = () => {};
  const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, end: nothing };
  const encoder = { beginComputePass: () => pass, copyBufferToBuffer: nothing, finish: () => ({}) };
  const gpu = {
    features: new Set(['subgroups']),
    limits: LIMITS,
    lost: new Promise(nothing),
    addEventListener: nothing,
    pushErrorScope: nothing,
    popErrorScope: async () => null,
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createShaderModule: () => ({ getCompilationInfo: async () => ({ messages: [] }) }),
    createComputePipeline: () => ({}),
    createBindGroup: () => ({}),
    createBuffer: ({ size }: GPUBufferDescriptor) => {
      made++;
      return { size, destroy: nothing };
    },
    createCommandEncoder: () => encoder,
    queue: { writeBuffer: nothing, submit: nothing },
    destroy: nothing,
  };
  const device = new Device({
    gpu: gpu as unknown as GPUDevice,
    runtime: 'node',
    adapterInfo: {
      vendor: 'none',
      architecture: '',
      device: 'null device',
      description: 'null device',
      software: true,
      subgroupMinSize: 8,
      subgroupMaxSize: 8,
    },
    watchdogSeconds: 60,
  });
  return { device, buffers: () => made };
}
