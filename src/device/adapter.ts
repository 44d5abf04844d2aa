import { describeAdapter } from './capabilities.ts';
import { NoAdapterError } from './errors.ts';
import { detectRuntime } from './runtime.ts';

/** Finds the adapter for `choice`: `auto`, `gpu`, `software`, or part of the adapter's name. */
export async function findAdapter(choice: string): Promise<GPUAdapter> {
  const gpu = detectRuntime() === 'node' ? await (await import('./dawn.ts')).createGpu() : navigator.gpu;
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new NoAdapterError(`no WebGPU adapter found for "${choice}"`);
  describeAdapter(adapter.info);
  return adapter;
}
