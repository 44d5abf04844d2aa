import { makePlan } from '../compile/index.ts';
import { type Capabilities, loadShaders } from '../device/index.ts';
import { describeOrigin, type Origin, type Tensor, topologicalOrder } from '../graph/index.ts';
import { inputIndex } from '../graph/source.ts';

/** How much of a graph, and of the plan made from it, is due to one part of the program. */
export interface PartSize {
  /** As `describeOrigin` says it. */
  readonly origin: string;
  /** Operations as they were written and differentiated, before equal ones are merged and fused ones taken apart. */
  readonly nodes: number;
  /** Kernels that are run. What a kernel computes on its way counts where its result does. */
  readonly dispatches: number;
  /** Floating-point operations of these kernels, a multiply-add counted as two. */
  readonly flops: number;
  /** Bytes of the values that these kernels read and write. */
  readonly bytes: number;
}

/**
 * The size of what it takes to compute some tensors on a device, by origin: parts in the order in which they first run, then
 * those of which nothing runs. Needs no device.
 * @throws when the device cannot run the graph, as `compile` does.
 */
export async function graphSize(outputs: readonly Tensor[], device: Capabilities): Promise<PartSize[]> {
  await loadShaders();
  const order = topologicalOrder(outputs);
  const inputCount = 1 + Math.max(-1, ...order.map((t) => inputIndex(t) ?? -1));
  const parts = new Map<string, { -readonly [K in keyof PartSize]: PartSize[K] }>();
  const part = (of: Origin) => {
    const origin = describeOrigin(of);
    const known = parts.get(origin) ?? { origin, nodes: 0, dispatches: 0, flops: 0, bytes: 0 };
    parts.set(origin, known);
    return known;
  };
  for (const { kernel, bytes, origin } of makePlan(outputs, inputCount, device).dispatches) {
    const due = part(origin);
    due.dispatches++;
    due.flops += kernel.flops;
    due.bytes += bytes;
  }
  for (const { inputs, origin } of order) if (inputs.length > 0) part(origin).nodes++;
  return [...parts.values()];
}
