import { grad } from '../autodiff/index.ts';
import { compile } from '../compile/index.ts';
import type { Tensor, Tree } from '../graph/index.ts';
import { concat } from '../ops/index.ts';
import { adam } from '../optim/index.ts';
import type { Advance, MetaState, MetaTraining } from './study.ts';

/**
 * Meta-steps by Adam as `MetaTraining.advance` makes them. Those of a call are one plan, so that they share what a call costs
 * the host.
 * @param objective what a meta-step lowers, as a graph over the parameters and the tasks of the step
 * @param rate Adam's rate
 * @param draw the tasks of an iteration, from a random stream of its own
 */
export function metaSteps<P extends Tree, B extends Tree>(
  objective: (theta: P, tasks: B) => Tensor,
  rate: number,
  draw: (iteration: number) => B,
): MetaTraining<P>['advance'] {
  // The state is not donated: what a call began with is looked at again if its losses are not what they should be.
  const steps = compile(
    (start: MetaState<P>, batches: readonly B[], outerRate: Tensor): Advance<P> => {
      let { theta, moments } = start;
      const losses = batches.map((tasks) => {
        const loss = objective(theta, tasks);
        ({ params: theta, state: moments } = adam(theta, grad(loss, theta), moments, outerRate));
        return loss.reshape([1]);
      });
      return { theta, moments, losses: concat(losses, 0) };
    },
    // What may be passed for a tree of any kind, a compiler of types cannot work out.
  ) as unknown as (start: MetaState<P>, batches: readonly B[], outerRate: number) => Promise<Advance<P>>;
  return (state, iteration, count) =>
    steps(
      state,
      Array.from({ length: count }, (_, i) => draw(iteration + i)),
      rate,
    );
}
