import type { Plan } from '../device/plan.ts';
import { showShape } from '../graph/shape.ts';

/** A number of bytes for people. */
export const showBytes = (n: number): string =>
  n < 2 ** 10
    ? `${n} B`
    : n < 2 ** 20
      ? `${(n / 2 ** 10).toFixed(1)} KiB`
      : `${(n / 2 ** 20).toFixed(1)} MiB`;

/** Bytes of scratch memory that a plan needs at once. */
export const planBytes = (plan: Plan): number => plan.slots.reduce((n, s) => n + s.bytes, 0);

/** A plan as text: one line per dispatch (kernel, grid, shapes written, bytes bound, what it computes), then the totals. */
export function print(plan: Plan): string {
  const rows = plan.dispatches.map((d, i) => {
    const slots = `${d.inputs.map((s) => `#${s}`).join(' ')} -> ${d.outputs.map((s) => `#${s}`).join(' ')}`;
    const shapes = d.shapes.map(showShape).join(' ');
    return `${String(i).padStart(4)}  ${d.kernel.name}  grid ${d.kernel.grid.join('x')}  ${shapes}  ${slots}  ${showBytes(d.bytes)}  ${d.label}`;
  });
  const pipelines = new Set(plan.dispatches.map((d) => d.kernel.source + JSON.stringify(d.kernel.constants)));
  return [
    ...rows,
    `${plan.dispatches.length} dispatches, ${pipelines.size} pipelines, ${plan.slots.length} buffers, ${showBytes(planBytes(plan))}`,
  ].join('\n');
}
