import { describeAdapter, namesSoftware } from './capabilities.ts';
import { NoAdapterError } from './errors.ts';
import { detectRuntime } from './runtime.ts';

/**
 * Finds an adapter.
 *
 * @param choice `auto`: a GPU, else the system's software adapter, else (Node on Linux) SwiftShader from the npm package
 *   `@sparticuz/chromium`; `gpu`: a GPU only; `software`: a software adapter only, the system's first; `lavapipe`,
 *   `swiftshader`; or any part of an adapter's name
 * @throws NoAdapterError with all that was tried
 */
export async function findAdapter(choice: string): Promise<GPUAdapter> {
  const node = detectRuntime() === 'node';
  const tried: string[] = [];
  const wanted = choice.toLowerCase();
  const find = (where: string, finder: () => Promise<GPUAdapter | null | undefined>) =>
    attempt(where, finder, tried, wanted);

  let adapter = await find('the system', () =>
    node ? systemAdapterOfNode(wanted) : navigator.gpu?.requestAdapter(requestFor(wanted)),
  );
  if (!adapter && node && ['auto', 'software', 'swiftshader'].includes(wanted)) {
    adapter = await find('SwiftShader', async () => {
      const { withSwiftShader } = await import('./swiftshader.ts');
      const { createGpu } = await import('./dawn.ts');
      return withSwiftShader(async () => (await createGpu('SwiftShader')).requestAdapter());
    });
  }
  if (adapter) return adapter;
  throw new NoAdapterError(
    `no WebGPU adapter found for "${choice}". Tried:\n${tried.map((t) => `- ${t}`).join('\n')}`,
  );
}

async function attempt(
  where: string,
  finder: () => Promise<GPUAdapter | null | undefined>,
  tried: string[],
  wanted: string,
): Promise<GPUAdapter | undefined> {
  try {
    const adapter = await finder();
    if (!adapter) {
      tried.push(`${where}: no adapter`);
    } else if (fits(adapter, wanted)) {
      return adapter;
    } else {
      tried.push(`${where}: only "${fullName(adapter)}"`);
    }
  } catch (error) {
    tried.push(`${where}: ${error instanceof Error ? error.message : error}`);
  }
  return undefined;
}

async function systemAdapterOfNode(wanted: string): Promise<GPUAdapter | null> {
  const { adapterNames, createGpu } = await import('./dawn.ts');
  if (wanted === 'auto' || wanted === 'gpu') return (await createGpu()).requestAdapter(requestFor(wanted));
  const names = await adapterNames();
  // Not by `forceFallbackAdapter`, which Dawn takes to mean SwiftShader alone.
  const name = names.find((n) => (wanted === 'software' ? namesSoftware(n) : includes(n, wanted)));
  if (name !== undefined) return (await createGpu(name)).requestAdapter();
  if (names.length === 0) return null;
  throw new Error(`only ${names.map((n) => `"${n}"`).join(', ')}`);
}

function requestFor(wanted: string): GPURequestAdapterOptions {
  return wanted === 'software' ? { forceFallbackAdapter: true } : { powerPreference: 'high-performance' };
}

function fits(adapter: GPUAdapter, wanted: string): boolean {
  const { software } = describeAdapter(adapter.info);
  if (wanted === 'auto') return true;
  if (wanted === 'gpu') return !software;
  if (wanted === 'software') return software;
  return includes(fullName(adapter), wanted);
}

/** Whether a name has `wanted` in it; lavapipe, the Vulkan driver of Mesa's llvmpipe, goes by the latter's name. */
const includes = (name: string, wanted: string) =>
  name.toLowerCase().includes(wanted === 'lavapipe' ? 'llvmpipe' : wanted);

const fullName = ({ info }: GPUAdapter) =>
  [info.vendor, info.architecture, info.device, info.description].filter((part) => part).join(' ');
