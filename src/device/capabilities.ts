import { defaultTuning, type Tuning } from './tuning.ts';

/**
 * What a device can do, as plain data: everything that kernel choice and scheduling may depend on.
 * A plan made for given capabilities needs no device to be printed or tested.
 */
export interface Capabilities {
  /** `simd`: a CPU runs the shaders and loads dominate; `tiled`: a GPU with workgroup memory worth using. */
  readonly family: 'simd' | 'tiled';
  /** Whether WGSL's `enable subgroups;` is available. */
  readonly subgroups: boolean;
  /** Invocations that run in lockstep (the largest subgroup size, or a guess where the adapter does not tell). */
  readonly lanes: number;
  /** Largest storage buffer binding, in bytes. */
  readonly maxBindingBytes: number;
  /** Largest buffer, in bytes. */
  readonly maxBufferBytes: number;
  /** Storage buffers per shader: inputs and outputs of one kernel together. */
  readonly maxStorageBuffers: number;
  /** Workgroup memory, in bytes. */
  readonly maxWorkgroupStorage: number;
  /** Invocations per workgroup. */
  readonly maxInvocations: number;
  /** Workgroups per grid dimension. */
  readonly maxGrid: number;
  /** Whether dispatches can be timed by the device itself. */
  readonly timestamps: boolean;
  /** Whether WGSL's `enable f16;` is available. */
  readonly f16: boolean;
  /** Constants of kernels, the default ones or those found for this adapter. */
  readonly tuning: Tuning;
}

/** Who the adapter says it is; plain copies, so that they outlive the adapter. */
export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** True when a CPU runs the shaders (lavapipe, SwiftShader, WARP). */
  readonly software: boolean;
  /** Smallest and largest subgroup; 0 where the runtime does not tell. */
  readonly subgroupMinSize: number;
  readonly subgroupMaxSize: number;
}

const SOFTWARE = /llvmpipe|lavapipe|swiftshader|basic render|\bwarp\b|\bsoftware\b/i;

/** Whether an adapter of this name is a CPU's. */
export const namesSoftware = (name: string) => SOFTWARE.test(name);

/** Copies a GPUAdapterInfo and tells software adapters from GPUs. */
export function describeAdapter(info: GPUAdapterInfo): AdapterInfo {
  const { vendor, architecture, device, description } = info;
  const names = `${architecture} ${device} ${description}`;
  return {
    vendor,
    architecture,
    device,
    description,
    software: info.isFallbackAdapter === true || namesSoftware(names),
    subgroupMinSize: info.subgroupMinSize ?? 0,
    subgroupMaxSize: info.subgroupMaxSize ?? 0,
  };
}

/** Derives the capabilities of a device from what it reports. */
export function capabilitiesOf(
  info: AdapterInfo,
  features: ReadonlySet<string>,
  limits: GPUSupportedLimits,
  tuning: Tuning = defaultTuning,
): Capabilities {
  return {
    family: info.software ? 'simd' : 'tiled',
    subgroups: features.has('subgroups'),
    lanes: lanesOf(info),
    maxBindingBytes: limits.maxStorageBufferBindingSize,
    maxBufferBytes: limits.maxBufferSize,
    maxStorageBuffers: limits.maxStorageBuffersPerShaderStage,
    maxWorkgroupStorage: limits.maxComputeWorkgroupStorageSize,
    maxInvocations: limits.maxComputeInvocationsPerWorkgroup,
    maxGrid: limits.maxComputeWorkgroupsPerDimension,
    timestamps: features.has('timestamp-query'),
    f16: features.has('shader-f16'),
    tuning,
  };
}

function lanesOf(info: AdapterInfo): number {
  // 128 is also what runtimes say that do not know.
  if (info.subgroupMaxSize > 0 && info.subgroupMaxSize < 128) return info.subgroupMaxSize;
  if (!info.software) return 32;
  const names = `${info.architecture} ${info.device} ${info.description}`;
  if (/swiftshader/i.test(names)) return 4;
  // llvmpipe names its vector width: "llvmpipe (LLVM 15.0.6, 256 bits)".
  const bits = /(\d+)[- ]bits/.exec(names);
  return bits ? Number(bits[1]) / 32 : 8;
}
