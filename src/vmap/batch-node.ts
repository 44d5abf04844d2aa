import type { Attrs } from '../graph/op.ts';
import { Tensor } from '../graph/tensor.ts';
import { broadcastTo } from '../ops/broadcast.ts';

/** What a movement op or a reduction says axis by axis, with one more axis in front that it leaves alone. */
function behindTasks(attrs: Attrs): Attrs {
  const later = (axes: readonly number[]) => axes.map((axis) => axis + 1);
  const rules: Record<string, (list: readonly number[]) => readonly number[]> = {
    axes: later,
    order: (order) => [0, ...later(order)],
    start: (start) => [0, ...start],
    before: (before) => [0, ...before],
  };
  return Object.fromEntries(
    Object.entries(attrs).map(([name, value]) => [name, rules[name]?.(value as readonly number[]) ?? value]),
  );
}

/**
 * A node for all tasks of a batch at once, [tasks, ...node.shape].
 * @param inputs the node's inputs with one more leading axis, of extent `tasks`, or 1 where the tasks share the input
 */
export function batchNode(node: Tensor, inputs: readonly Tensor[], tasks: number): Tensor {
  const { op, attrs, dtype } = node;
  const shape = [tasks, ...node.shape];
  switch (op.lowering.kind) {
    case 'elementwise':
    case 'view':
    case 'reduce': {
      const own = inputs.map((x) => broadcastTo(x, [tasks, ...x.shape.slice(1)]));
      return new Tensor(op, own, behindTasks(attrs), shape, dtype);
    }
    case 'kernel':
    case 'choose':
    case 'expand':
      return op.lowering.batch(node, inputs, tasks);
    default:
      throw new Error(`vmap: ${node} has no inputs, so nothing to batch`);
  }
}
