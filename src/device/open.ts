import { findAdapter } from './adapter.ts';
import { describeAdapter } from './capabilities.ts';
import { Device } from './device.ts';
import { detectRuntime, environment } from './runtime.ts';
import { loadShaders } from './shader.ts';
import { savedTuning } from './tuning-file.ts';

export interface OpenOptions {
  /**
   * `auto` (a GPU if there is one, else a software adapter), `gpu`, `software`, `lavapipe`, `swiftshader`, or part of the
   * adapter's name. Default: the environment variable MEDETECTION_ADAPTER, else `auto`.
   */
  readonly adapter?: string;
  /** Longest wait for the device, in seconds. Default: MEDETECTION_WATCHDOG_SECONDS, else 300. */
  readonly watchdogSeconds?: number;
}

const FEATURES = [
  'subgroups',
  'subgroup-size-control',
  'timestamp-query',
  'shader-f16',
  'chromium-experimental-timestamp-query-inside-passes',
  'chromium-experimental-subgroup-matrix',
];

const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxUniformBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxBindingsPerBindGroup',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const;

/**
 * Opens a WebGPU device with all the limits and useful features that its adapter has, tuned if `medetection tune` has been
 * run on it.
 *
 * @throws NoAdapterError if no adapter fits, saying what was tried
 */
export async function openDevice(options: OpenOptions = {}): Promise<Device> {
  const watchdogSeconds = options.watchdogSeconds ?? watchdogFromEnvironment();
  const adapter = await findAdapter(options.adapter || environment('MEDETECTION_ADAPTER') || 'auto');
  await loadShaders();
  const gpu = await adapter.requestDevice({
    label: 'medetection',
    requiredFeatures: FEATURES.filter((name) => adapter.features.has(name)) as GPUFeatureName[],
    requiredLimits: Object.fromEntries(
      LIMITS.map((name) => [name, adapter.limits[name]]).filter(([, limit]) => limit !== undefined),
    ),
  });
  const runtime = detectRuntime();
  const adapterInfo = describeAdapter(adapter.info);
  const tuning = await savedTuning(adapterInfo, runtime);
  return new Device({ gpu, runtime, adapterInfo, watchdogSeconds, tuning });
}

function watchdogFromEnvironment(): number {
  const text = environment('MEDETECTION_WATCHDOG_SECONDS');
  if (text === undefined || text === '') return 300;
  const seconds = Number(text);
  if (!(seconds > 0))
    throw new Error(`MEDETECTION_WATCHDOG_SECONDS: "${text}" is not a positive number of seconds`);
  return seconds;
}
