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

/**
 * A fresh Dawn instance. It sees the Vulkan drivers that the environment names at its first `requestAdapter`.
 *
 * @param adapter limits it to adapters whose name contains this (letter case matters)
 */
export async function createGpu(adapter?: string): Promise<GPU> {
  const { create, globals } = await import('webgpu');
  for (const [name, value] of Object.entries(globals)) {
    // GPUBufferUsage and the like, which Deno and browsers have too.
    if (!(name in globalThis))
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  const gpu = create(adapter === undefined ? OPTIONS : [...OPTIONS, `adapter=${adapter}`]);
  instances.push(gpu);
  return gpu;
}

/** The names of all adapters, which Dawn tells only when it is asked for one that it does not have. */
export async function adapterNames(): Promise<string[]> {
  const gpu = await createGpu('\u0001');
  try {
    await gpu.requestAdapter();
  } catch (error) {
    return [...String(error).matchAll(/name: '(.*)'$/gm)].map((match) => match[1]);
  }
  return [];
}
