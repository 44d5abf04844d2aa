import type { Runtime } from './device.ts';

/** Versions of the runtime, of its parts, and of the WebGPU implementation where it is a package. */
export async function runtimeVersions(runtime: Runtime): Promise<Record<string, string>> {
  if (runtime === 'browser') return { browser: navigator.userAgent };
  const { deno, node, v8 } = process.versions;
  const platform = `${process.platform} ${process.arch}`;
  if (runtime === 'deno') return { deno: deno ?? 'unknown', v8, platform };
  return { node, v8, webgpu: await webgpuVersion(), platform };
}

async function webgpuVersion(): Promise<string> {
  try {
    const { createRequire } = await import('node:module');
    const { version } = createRequire(import.meta.url)('webgpu/package.json') as { version: string };
    return version;
  } catch (error) {
    return `unknown (${error instanceof Error ? error.message : error})`;
  }
}
