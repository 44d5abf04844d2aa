import { grad } from '../../src/autodiff/index.ts';
import { type Compiled, compile } from '../../src/compile/index.ts';
import type { Tensor, Tree } from '../../src/graph/index.ts';
import { adapt, type Loss } from '../../src/meta/index.ts';

/** A flat stand-in for the networks' own parameter and batch types. */
export type Params = Record<string, Tensor>;
export type Batch = Record<string, Tensor>;

/** What a meta-step works on. */
export interface Workload {
  readonly params: Params;
  readonly loss: Loss<Params, Batch>;
  readonly support: Batch;
  readonly query: Batch;
  /** alpha, the inner learning rate. */
  readonly rate: number;
}

/** A workload from a network's own types. */
export const workload = <P extends Tree, B>(parts: {
  readonly params: P;
  readonly loss: (params: P, batch: B, step: number) => Tensor;
  readonly support: B;
  readonly query: B;
  readonly rate: number;
}): Workload => parts as unknown as Workload;

/** What a step gives. */
export type Step = Compiled<[Params, Batch, Batch, Tensor], { gradient: Params; loss: Tensor }>;

/**
 * One second-order MAML task step: the gradient of the support loss, a step of gradient descent, the query loss there, and
 * its gradient by every initial parameter.
 */
export const taskStep = ({ loss }: Workload): Step =>
  compile((params: Params, support: Batch, query: Batch, rate: Tensor) => {
    const { theta } = adapt(loss, params, support, { rate });
    const queryLoss = loss(theta, query, 1);
    return { gradient: grad(queryLoss, params), loss: queryLoss };
  });
