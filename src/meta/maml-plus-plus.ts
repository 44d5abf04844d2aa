import { type Tensor, type Tree, tree } from '../graph/index.ts';
import { collecting, type Normalise, type Statistics } from '../nn/index.ts';
import { add, broadcastTo, type Operand } from '../ops/index.ts';
import type { Adapted, Loss } from './inner-loop.ts';
import type { TaskData } from './maml.ts';

/*
 * Antoniou, Edwards & Storkey 2019, "How to train your MAML": each of its remedies by itself. Learned rates for every layer
 * and step (LSLR) are in rates.ts, the outer rate's cosine annealing in optim.
 */

/**
 * The weights of the multi-step loss (MSL): equal at first, and moved linearly to the last step, where the loss is
 * MAML's. They add up to 1. Numbers for a plan's input.
 * @param progress the part of the annealing that is done, cut to 0..1.
 */
export function multiStepWeights(steps: number, progress: number): number[] {
  const p = Math.min(Math.max(progress, 0), 1);
  return Array.from({ length: steps }, (_, k) => (1 - p) / steps + (k === steps - 1 ? p : 0));
}

/** The multi-step loss of a task, sum_k w_k L_query(theta_k) over the parameters after each step k = 1..K. */
export const multiStepLoss = <P extends Tree, D>(
  loss: Loss<P, D>,
  { theta, steps }: Adapted<P>,
  query: D,
  weights: readonly Operand[],
): Tensor =>
  [...steps.slice(1).map((step) => step.theta), theta]
    .map((theta_k, i) => loss(theta_k, query, i + 1).mul(weights[i]))
    .reduce(add);

/** Derivative-order annealing (DA): first order for so many epochs, second order from then on. */
export const annealedOrder = (epoch: number, firstOrderEpochs: number): 1 | 2 =>
  epoch < firstOrderEpochs ? 1 : 2;

/** Which parameters are kept per step, by dotted path. */
type Chosen = (path: string) => boolean;

/**
 * Per-step parameters (BNWB, for the scales and shifts of batch normalisation): those chosen get a leading axis of K + 1,
 * a copy for the parameters before the first step and after each.
 */
export const perStep = <P extends Tree>(theta: P, steps: number, chosen: Chosen): P =>
  tree.mapWithPath(
    (path, p) => (chosen(path) ? broadcastTo(p.reshape([1, ...p.shape]), [steps + 1, ...p.shape]) : p),
    theta,
  );

/** What a network sees of per-step parameters at one step: the chosen ones without their leading axis. */
export const atStep = <P extends Tree>(theta: P, step: number, chosen: Chosen): P =>
  tree.mapWithPath(
    (path, p) => (chosen(path) ? p.slice([step], [step + 1]).reshape(p.shape.slice(1)) : p),
    theta,
  );

/**
 * What the normalisations of a network see along a task's inner loop, step by step: of the support set before each step, and of
 * the query set after the last.
 * @param loss the network's loss, for a way to normalise.
 */
export function statisticsAlong<P extends Tree, D>(
  loss: (normalise: Normalise) => Loss<P, D>,
  { theta, steps }: Adapted<P>,
  { support, query }: TaskData<D>,
): Statistics[] {
  const at = (theta_k: P, data: D, k: number): Statistics => {
    const seen: Record<string, { mean: Tensor; variance: Tensor }> = {};
    loss(collecting(seen))(theta_k, data, k);
    return seen;
  };
  return [...steps.map((step, k) => at(step.theta, support, k)), at(theta, query, steps.length)];
}

/**
 * Per-step running statistics (BNRS), a list by step: each moves towards what its own step has seen, in the mean over tasks, and
 * knows nothing of the others. `byStatistics(running[step])` uses them.
 * @param seen {@link statisticsAlong} of every task.
 * @param momentum how far they move (default 0.1).
 */
export const movedStatistics = (
  running: readonly Statistics[],
  seen: readonly (readonly Statistics[])[],
  momentum: Operand = 0.1,
): readonly Statistics[] =>
  tree.map((r, ...s) => r.add(s.reduce(add).div(s.length).sub(r).mul(momentum)), running, ...seen);
