/**
 * Dawn, Chromium's WebGPU, through the npm package `webgpu`: Node's way to a GPU. Imported on Node only.
 */
const OPTIONS = [
  'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
  // Else timestamps are multiples of 65 us, longer than most kernels.
  'disable-dawn-features=timestamp_quantization',
];

/**
 * Every instance made. Dawn's event loop uses an instance after its JavaScript object was collected, which ends the process
 * with a segmentation fault or an abort, so they are held until the end; they do not keep the process alive.
 */
const instances: GPU[] = [];

/** A fresh Dawn instance; it sees the Vulkan drivers that the environment names at this moment. */
export async function createGpu(): Promise<GPU> {
  const { create, globals } = await import('webgpu');
  for (const [name, value] of Object.entries(globals)) {
    // GPUBufferUsage and the like, which Deno and browsers have too.
    if (!(name in globalThis))
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  const gpu = create(OPTIONS);
  instances.push(gpu);
  return gpu;
}
