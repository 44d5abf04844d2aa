/*
 * Deno's own WebGPU, wgpu. It looks for Vulkan drivers once per thread, at the first request for an adapter, and keeps for good
 * what it sees then.
 */

/** Whether a request would find an adapter; asked in a worker, so that this thread can still look elsewhere. */
export async function workerFindsAdapter(request: GPURequestAdapterOptions): Promise<boolean> {
  const script = `postMessage((await navigator.gpu.requestAdapter(${JSON.stringify(request)})) !== null);`;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(script)}`, { type: 'module' });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(`looking for an adapter in a worker: ${message}`));
    });
  } finally {
    worker.terminate();
  }
}

/**
 * The adapter of a driver that only this thread's first request can find.
 *
 * @param name what the adapter's description contains
 * @throws Error if there was a request before, for other drivers
 */
export async function firstAdapter(name: RegExp): Promise<GPUAdapter> {
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter && name.test(adapter.info.description)) return adapter;
  throw new Error(
    `Deno kept to the drivers of an earlier request (${adapter ? `"${adapter.info.description}"` : 'none'}): ` +
      'open this adapter before any other, such as by MEDETECTION_ADAPTER=swiftshader',
  );
}
