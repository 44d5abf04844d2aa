import { type Tensor, type Tree, tree } from '../graph/index.ts';
import { filled } from '../nn/index.ts';
import type { InnerLoop } from './inner-loop.ts';

/* Inner rates that are parameters of the outer loop: differentiate the meta-objective by them as by theta. */

/**
 * Meta-SGD's alpha (Li et al. 2017): a rate for every element of theta, initially one number.
 * @returns a tree of theta's structure and shapes.
 */
export const initMetaSgd = <P extends Tree>(theta: P, rate: number): P =>
  tree.map((p) => filled(p.shape, rate), theta);

/** Meta-SGD's inner loop, theta' = theta - alpha o grad L_support(theta): a step with its own direction and length. */
export const metaSgd = (alpha: Tree): InnerLoop['rate'] => {
  const byPath = new Map(tree.entries(alpha));
  return (_step, path) => byPath.get(path)!;
};

/**
 * MAML++'s per-layer, per-step rates (Antoniou et al. 2019, LSLR): for every tensor of theta one number per inner step.
 * @returns a tree of theta's structure whose leaves have shape [steps].
 */
export const initStepRates = <P extends Tree>(theta: P, steps: number, rate: number): P =>
  tree.map(() => filled([steps], rate), theta);

/** The inner rates of LSLR, element `step` of the tensor's row. */
export const stepRates = (alpha: Tree): InnerLoop['rate'] => {
  const byPath = new Map<string, Tensor>(tree.entries(alpha));
  return (step, path) =>
    byPath
      .get(path)!
      .slice([step], [step + 1])
      .reshape([]);
};
