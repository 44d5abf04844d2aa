import { describeAdapter, namesSoftware } from './capabilities.ts';
import { NoAdapterError } from './errors.ts';
import { detectRuntime } from './runtime.ts';

/**
 * Finds an adapter.
 *
 * @param choice `auto`: a GPU, else the system's software adapter, else (Node and Deno on Linux) SwiftShader from the npm package
 *   `@sparticuz/chromium`; `gpu`: a GPU only; `software`: a software adapter only, the system's first; `lavapipe`,
 *   `swiftshader`; or any part of an adapter's name
 * @throws NoAdapterError with all that was tried
 */
export async function findAdapter(choice: string): Promise<GPUAdapter> {
  const wanted = choice.toLowerCase();
  const tried: string[] = [];
  for (const [where, finder] of await sources(wanted)) {
    const adapter = await attempt(where, finder, tried, wanted);
    if (adapter) return adapter;
  }
  throw new NoAdapterError(
    `no WebGPU adapter found for "${choice}". Tried:\n${tried.map((t) => `- ${t}`).join('\n')}`,
  );
}

type Finder = () => Promise<GPUAdapter | null>;

/** Where an adapter may come from on this runtime, in the order to ask. */
async function sources(wanted: string): Promise<[string, Finder][]> {
  const runtime = detectRuntime();
  const systems = { node: systemAdapterOfNode, deno: systemAdapterOfDeno, browser: builtInAdapter };
  const system: [string, Finder] = ['the system', () => systems[runtime](wanted)];
  const swiftShaderFits = wanted === 'auto' || wanted === 'software' || 'swiftshader'.includes(wanted);
  if (runtime === 'browser' || !swiftShaderFits) return [system];
  const { hasVulkanDriver, withSwiftShader } = await import('./swiftshader.ts');
  const swiftShader: [string, Finder] = [
    'SwiftShader',
    () => withSwiftShader(runtime === 'node' ? swiftShaderOfNode : swiftShaderOfDeno),
  ];
  const systemFirst = ['auto', 'software'].includes(wanted) && (await hasVulkanDriver());
  return systemFirst ? [system, swiftShader] : [swiftShader, system];
}

async function attempt(
  where: string,
  finder: Finder,
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

const swiftShaderOfNode = async () =>
  (await (await import('./dawn.ts')).createGpu('SwiftShader')).requestAdapter();

const swiftShaderOfDeno = async () => (await import('./deno.ts')).firstAdapter(/swiftshader/i);

async function systemAdapterOfDeno(wanted: string): Promise<GPUAdapter | null> {
  const { workerFindsAdapter } = await import('./deno.ts');
  return (await workerFindsAdapter(requestFor(wanted))) ? builtInAdapter(wanted) : null;
}

/** The runtime's own: of a GPU and a CPU, which cannot be asked for by name, the one that `wanted` names. */
async function builtInAdapter(wanted: string): Promise<GPUAdapter | null> {
  const adapter = (await navigator.gpu?.requestAdapter(requestFor(wanted))) ?? null;
  if (!adapter || fits(adapter, wanted)) return adapter;
  const other = await navigator.gpu.requestAdapter(requestFor('software'));
  return other && fits(other, wanted) ? other : adapter;
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
