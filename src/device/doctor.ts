import type { AdapterInfo, Capabilities } from './capabilities.ts';
import type { Device, Runtime } from './device.ts';
import { NoAdapterError } from './errors.ts';
import { type Measured, measureDevice } from './measure.ts';
import { type OpenOptions, openDevice } from './open.ts';
import { detectRuntime } from './runtime.ts';
import { runtimeVersions } from './versions.ts';

export interface DoctorOptions extends OpenOptions {
  /** Whether to measure the device, which takes a second or two. Default true. */
  readonly measure?: boolean;
}

/** What there is to compute on; plain data, ready for JSON. */
export interface DoctorReport {
  readonly runtime: Runtime;
  /** Versions of the runtime, of its parts, and of the WebGPU implementation where it is a package. */
  readonly versions: Readonly<Record<string, string>>;
  /** Null where no adapter was found; `missing` then tells what was tried. */
  readonly adapter: AdapterInfo | null;
  readonly capabilities: Capabilities | null;
  /** Whether kernels have constants found for this adapter by `medetection tune`. */
  readonly tuned: boolean;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  /** Null where nothing was measured. */
  readonly measured: Measured | null;
  /** What this device lacks and what that means; empty where everything is there. */
  readonly missing: readonly string[];
}

/**
 * Looks for an adapter, opens it, measures it, and disposes it.
 *
 * @throws what `Device.guard` throws while measuring; a missing adapter is reported, not thrown
 */
export async function doctorReport(options: DoctorOptions = {}): Promise<DoctorReport> {
  const runtime = detectRuntime();
  const versions = await runtimeVersions(runtime);
  let device: Device;
  try {
    device = await openDevice(options);
  } catch (error) {
    if (!(error instanceof NoAdapterError)) throw error;
    const nothing = {
      adapter: null,
      capabilities: null,
      tuned: false,
      features: [],
      limits: {},
      measured: null,
    };
    return { runtime, versions, ...nothing, missing: [error.message] };
  }
  try {
    return {
      runtime,
      versions,
      adapter: device.adapterInfo,
      capabilities: device.capabilities,
      tuned: device.tuned,
      features: [...device.features].sort(),
      limits: plainLimits(device.limits),
      measured: options.measure === false ? null : await measureDevice(device),
      missing: missingFrom(device.adapterInfo, device.capabilities),
    };
  } finally {
    device.dispose();
  }
}

function missingFrom(adapter: AdapterInfo, capabilities: Capabilities): string[] {
  const missing: string[] = [];
  if (adapter.software) missing.push('GPU: shaders run on the CPU, which is slow');
  if (!capabilities.subgroups)
    missing.push('subgroups: kernels that share values between lanes are not used');
  if (!capabilities.timestamps) missing.push('timestamp-query: kernels are timed by the wall clock');
  if (!capabilities.f16) missing.push('shader-f16: everything computes in f32');
  return missing;
}

/** A GPUSupportedLimits has its values on its prototype, where JSON and spread do not see them. */
function plainLimits(limits: GPUSupportedLimits): Record<string, number> {
  const plain: Record<string, number> = {};
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(limits))) {
    const value = (limits as unknown as Record<string, unknown>)[name];
    if (typeof value === 'number') plain[name] = value;
  }
  return plain;
}
