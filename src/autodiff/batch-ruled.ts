import type { BatchRule, Op } from '../graph/op.ts';
import { Tensor } from '../graph/tensor.ts';
import { sumKeep } from '../ops/broadcast.ts';
import { reshape } from '../ops/movement.ts';
import { vmap } from '../vmap/index.ts';

/** Inputs of a batched node: [tasks, ...], or [1, ...] where the tasks share one. */
type Batched = readonly Tensor[];

/**
 * A batch of tasks keeps the derivative of one: for nodes whose rule is not that of what they expand to, expansion and rule
 * are both those of one task, over all tasks.
 */
export const batchRuled: BatchRule = (node, inputs, tasks) => {
  const { op, attrs, shape, dtype } = node;
  const { vjp, lowering } = op;
  if (vjp === 'expansion' || lowering.kind !== 'expand')
    throw new Error(`vmap: ${node} has no rule of its own`);
  const ofOne = (one: readonly Tensor[]) => new Tensor(op, one, attrs, shape, dtype);
  const overTasks: Op = {
    name: op.name,
    vjp: (all, g) => {
      const cotangents = perTask(all.inputs, tasks, [g], (one, [g]) => vjp(ofOne(one), g));
      // What tasks share gets the sum of what they want.
      return cotangents.map((c, i) => (c === null || isOwn(all.inputs[i], tasks) ? c : sumKeep(c, [0])));
    },
    lowering: {
      kind: 'expand',
      expand: (all) => perTask(all.inputs, tasks, [], (one) => [lowering.expand(ofOne(one))])[0]!,
      batch: batchRuled,
    },
  };
  return new Tensor(overTasks, inputs, {}, [tasks, ...shape], dtype);
};

const isOwn = (x: Tensor, tasks: number): boolean => x.shape[0] === tasks;

/** What `f` makes of one task's inputs and `more`, for all tasks: [tasks, ...] each, or null where it gives null. */
function perTask(
  inputs: Batched,
  tasks: number,
  more: readonly Tensor[],
  f: (one: readonly Tensor[], more: readonly Tensor[]) => readonly (Tensor | null)[],
): (Tensor | null)[] {
  const own = inputs.filter((x) => isOwn(x, tasks));
  let given: readonly (Tensor | null)[] = [];
  const results = vmap((example: readonly Tensor[]) => {
    let next = 0;
    const one = inputs.map((x) => (isOwn(x, tasks) ? example[next++] : reshape(x, x.shape.slice(1))));
    given = f(one, example.slice(next));
    return given.filter((t) => t !== null);
  })([...own, ...more]);
  let next = 0;
  return given.map((t) => (t === null ? null : results[next++]));
}
