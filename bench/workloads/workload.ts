import { grad } from '../../src/autodiff/index.ts';
import { type Compiled, compile } from '../../src/compile/index.ts';
import type { Device } from '../../src/device/index.ts';
import type { Tensor, Tree } from '../../src/graph/index.ts';
import { type Loss, metaLoss, type TaskData } from '../../src/meta/index.ts';

/** A flat stand-in for the networks' own parameter and batch types. */
export type Params = Record<string, Tensor>;
export type Batch = Record<string, Tensor>;

/** What a meta-step works on. */
export interface Workload {
  readonly params: Params;
  readonly loss: Loss<Params, Batch>;
  readonly tasks: readonly TaskData<Batch>[];
  /** alpha, the inner learning rate. */
  readonly rate: number;
  /** Inner steps, default 1. */
  readonly steps?: number;
}

/** A workload from a network's own types. */
export const workload = <P extends Tree, B>(parts: {
  readonly params: P;
  readonly loss: (params: P, batch: B, step: number) => Tensor;
  readonly tasks: readonly TaskData<B>[];
  readonly rate: number;
  readonly steps?: number;
}): Workload => parts as unknown as Workload;

/** What a step gives. */
export type Step = Compiled<[Params, readonly TaskData<Batch>[], Tensor], { gradient: Params; loss: Tensor }>;

/**
 * A second-order MAML step: on every task, inner steps of gradient descent and the query loss where they lead; the gradient of
 * the mean query loss by every initial parameter.
 * @param device where to run, if not on the default device
 */
export const metaStep = ({ loss, steps }: Workload, device?: Device): Step =>
  compile(
    (params: Params, tasks: readonly TaskData<Batch>[], rate: Tensor) => {
      const value = metaLoss(loss, params, tasks, { rate, steps });
      return { gradient: grad(value, params), loss: value };
    },
    { device },
  );
