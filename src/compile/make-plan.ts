import type { DeviceArray } from '../device/array.ts';
import type { Capabilities } from '../device/capabilities.ts';
import type { Dispatch, Plan } from '../device/plan.ts';
import { deviceArray, type HostData, hostData, inputIndex } from '../graph/source.ts';
import { bytesOf, type Tensor } from '../graph/tensor.ts';
import { withinBudget } from './budget.ts';
import { slotsOf } from './lifetimes.ts';
import { makeSchedule } from './schedule.ts';

/** What a plan must keep to. */
export interface PlanOptions {
  /** Bytes of scratch memory. To need no more, a plan computes values anew rather than keep them. */
  readonly memoryBudget?: number;
}

/** @throws for a source that stands for something else, and says why it should be gone by now. */
function dataOf(source: Tensor): HostData | DeviceArray {
  const data = hostData(source) ?? deviceArray(source);
  if (data === undefined)
    throw new Error(
      `compile: ${source} has no value${source.attrs.noValue ? `: ${source.attrs.noValue}` : ''}`,
    );
  return data;
}

/**
 * Turns a graph into a plan for a device with these capabilities: rewrite, choose what is stored, group into kernels,
 * order, assign buffers. Needs no device (only the shaders' text, see `loadShaders`).
 *
 * @param inputCount number of the traced function's arguments
 * @throws when the graph contains a node that the device cannot run, a value too large for it, or the budget is too small
 */
export function makePlan(
  outputs: readonly Tensor[],
  inputCount: number,
  device: Capabilities,
  { memoryBudget }: PlanOptions = {},
): Plan {
  const remake = (roots: readonly Tensor[]) => makeSchedule(roots, device);
  const own = remake(outputs);
  const schedule = memoryBudget === undefined ? own : withinBudget(own, memoryBudget, remake);
  const { sources, stages, results } = schedule;
  for (const { kernel, label } of stages)
    if (kernel.grid.some((n) => n > device.maxGrid))
      throw new Error(
        `plan: ${label} needs ${kernel.grid.join(' x ')} workgroups (${kernel.name}), this device runs ${device.maxGrid} in each direction; use smaller batches or images`,
      );

  const { slotOf, slots } = slotsOf(schedule);
  const slot = (t: Tensor) => slotOf.get(t)!;
  const inputs = new Array<number | null>(inputCount).fill(null);
  for (const t of sources) {
    const index = inputIndex(t);
    if (index !== undefined) inputs[index] = slot(t);
  }
  const fixed = sources.filter((t) => inputIndex(t) === undefined);
  return {
    slots,
    inputs,
    constants: fixed.map((t) => ({ slot: slot(t), data: dataOf(t) })),
    dispatches: stages.map(({ kernel, reads, writes, label, inPlaceOf }): Dispatch => {
      const overwritten = new Set(inPlaceOf.values());
      return {
        kernel,
        inputs: reads.filter((t) => !overwritten.has(t)).map(slot),
        outputs: writes.map(slot),
        overwrites: [...overwritten].map(slot),
        label,
        origin: writes.map((t) => t.origin).reduce((a, b) => (b.order < a.order ? b : a)),
        bytes: [...reads, ...writes].reduce((n, t) => n + bytesOf(t), 0),
        shapes: writes.map((t) => t.shape),
      };
    }),
    outputs: results.map(slot),
  };
}
