import { makePlan, type PlanOptions } from '../../src/compile/index.ts';
import type { Capabilities } from '../../src/device/capabilities.ts';
import type { Device } from '../../src/device/device.ts';
import { LoadedPlan } from '../../src/device/execute.ts';
import type { Plan } from '../../src/device/plan.ts';
import { defaultTuning } from '../../src/device/tuning.ts';
import { bytesOf, type HostData, type Tensor } from '../../src/graph/index.ts';
import { deviceTensor } from '../../src/graph/source.ts';

/** Plans a graph for a device that can do this much, and runs it on one that can do at least as much. */
export async function planAndRun(
  outputs: readonly Tensor[],
  device: Device,
  capabilities: Partial<Capabilities> = {},
  options: PlanOptions = {},
): Promise<{ plan: Plan; values: HostData[] }> {
  const plan = makePlan(outputs, 0, { ...device.capabilities, ...capabilities }, options);
  const arrays = new LoadedPlan(plan, device).run([], outputs.map(bytesOf));
  const values: HostData[] = [];
  for (const [i, t] of outputs.entries()) {
    using computed = deviceTensor(arrays[i], t.shape, t.dtype);
    values.push(await computed.data());
  }
  return { plan, values };
}

/** A device's capabilities as plans see them, for tests that need no device. */
export const capabilities: Capabilities = {
  family: 'simd',
  subgroups: true,
  lanes: 8,
  maxBindingBytes: 2 ** 27,
  maxBufferBytes: 2 ** 28,
  maxStorageBuffers: 8,
  maxWorkgroupStorage: 16384,
  maxInvocations: 256,
  maxGrid: 65535,
  timestamps: false,
  f16: false,
  tuning: defaultTuning,
};
