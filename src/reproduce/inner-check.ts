import { compile } from '../compile/index.ts';
import type { Tensor, Tree } from '../graph/index.ts';
import {
  adapt,
  adaptedPaths,
  checkInnerSteps,
  type InnerLoop,
  innerMeasures,
  type Loss,
  type TaskData,
} from '../meta/index.ts';
import { vmap } from '../vmap/index.ts';
import type { MetaTraining } from './study.ts';

/**
 * An inner step that adds so many times a tensor's norm explains a loss that is no longer of the size that losses are.
 * Nothing is looked at before that, so the bound need not leave room for a sound adaptation.
 */
const EXPLODES = 10;

/**
 * Looks through the inner loops of a meta-step as `MetaTraining.checkInner` does. Compiled when it is first needed: a training
 * that goes well pays nothing for it.
 * @param draw the tasks of an iteration, whose leaves have a leading axis of tasks.
 */
export function innerCheck<P extends Tree, D extends Tree>(
  loss: Loss<P, D>,
  inner: InnerLoop,
  draw: (iteration: number) => TaskData<D>,
): MetaTraining<P>['checkInner'] {
  let measure: ((from: P, support: D) => Promise<Tensor>) | undefined;
  return async (theta, iteration) => {
    const paths = adaptedPaths(theta, inner);
    measure ??= compile((from: P, support: D) =>
      vmap((task: D) => innerMeasures(adapt(loss, from, task, { ...inner, order: 1 }), paths))(support),
    ) as unknown as typeof measure & {};
    const measures = await measure(theta, draw(iteration).support);
    const [tasks, length] = measures.shape;
    const values = Array.from(await measures.data());
    measures.dispose();
    for (let task = 0; task < tasks; task++)
      checkInnerSteps(values.slice(task * length, (task + 1) * length), paths, {
        where: `meta-train: step ${iteration + 1}: task ${task + 1} of ${tasks}`,
        explodes: EXPLODES,
      });
  };
}
