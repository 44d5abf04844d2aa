import type { LoadedPlan } from './execute.ts';

/** Is told how many of a plan's kernels are compiled. */
export type OnCompile = (done: number, total: number) => void;

/**
 * Runs every kernel of a plan once that the device has not run before. Software adapters compile a kernel when it is first
 * dispatched, up to seconds for a large one: so all that can be told of is told of, and none of it falls into a first step.
 * Scratch buffers are written, which a run overwrites; inputs and constants are not.
 */
export async function warmUp(loaded: LoadedPlan, onCompile: OnCompile): Promise<void> {
  const { device } = loaded;
  const cold = loaded.pipelines.filter(({ pipeline }) => !device.warm.has(pipeline));
  for (const [done, { pipeline, dispatch }] of cold.entries()) {
    onCompile(done, cold.length);
    device.warm.add(pipeline);
    loaded.repeat(dispatch, 1);
    await device.guard(
      device.gpu.queue.onSubmittedWorkDone(),
      `the first run of ${loaded.plan.dispatches[dispatch].kernel.name}`,
    );
  }
  if (cold.length > 0) onCompile(cold.length, cold.length);
}
