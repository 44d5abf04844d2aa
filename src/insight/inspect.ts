import { evaluate } from '../compile/index.ts';
import { defaultDevice } from '../device/index.ts';
import { type Tree, tree } from '../graph/index.ts';
import { sgdOptimiser } from '../optim/index.ts';
import { type Curvature, type CurvatureOptions, curvatures } from './curvature.ts';
import { graphSize, type PartSize } from './graph-size.ts';
import { type InnerCurve, innerCurve, trajectory, type UpdateNorms, updateNorms } from './inner-loop.ts';
import type { Inspected } from './inspected.ts';
import { type GradientComparison, gradientCosines, metaGradient } from './meta-gradient.ts';

export interface InspectOptions {
  /** Inner steps to follow (default: those trained with, and 10 more). */
  readonly steps?: number;
  /** How curvature is measured; the parameters that may move are those that the inner loop adapts. */
  readonly curvature?: Omit<CurvatureOptions, 'adapts'>;
}

/** All that can be told of how a model adapts to a task. */
export interface Inspection {
  /** K, the inner steps of the inner loop as it was given. */
  readonly trainedSteps: number;
  /** alpha, where it is one number for all tensors and steps, and the inner loop plain gradient descent. */
  readonly rate?: number;
  readonly curve: InnerCurve;
  readonly updates: readonly UpdateNorms[];
  readonly gradients: readonly GradientComparison[];
  /** Of the support loss: entry k is after k inner steps, up to K. */
  readonly curvatures: readonly Curvature[];
  /** Of one task's query loss and meta-gradient. */
  readonly size: readonly PartSize[];
}

/**
 * Follows a model through its adaptation to one task.
 * @throws as `adapt`, and what the device throws.
 */
export async function inspect<P extends Tree, D>(
  inspected: Inspected<P, D>,
  { steps, curvature }: InspectOptions = {},
): Promise<Inspection> {
  const { loss, task, inner } = inspected;
  const { steps: trainedSteps = 1, adapts, optimiser = sgdOptimiser, rate } = inner;
  const plain = typeof rate === 'number' && optimiser === sgdOptimiser;
  const followed = steps ?? trainedSteps + 10;
  const meta = metaGradient(inspected);
  return {
    trainedSteps,
    rate: plain ? rate : undefined,
    curve: await innerCurve(inspected, followed),
    updates: await updateNorms(inspected, followed),
    gradients: await gradientCosines(inspected),
    curvatures: await alongInnerLoop(inspected, trainedSteps, (points) =>
      curvatures((at, k) => loss(at, task.support, k), points, { ...curvature, adapts }),
    ),
    size: await graphSize([meta.loss, ...tree.leaves(meta.gradient)], (await defaultDevice()).capabilities),
  };
}

/** Does something with the parameters on the device, before the inner loop and after each of its steps. */
async function alongInnerLoop<P extends Tree, D, R>(
  inspected: Inspected<P, D>,
  steps: number,
  work: (points: readonly P[]) => Promise<R>,
): Promise<R> {
  const points = trajectory(inspected, steps);
  const computed = await evaluate(points.flatMap((point) => tree.leaves(point)));
  const each = computed.length / points.length;
  try {
    return await work(
      points.map((point, k) => tree.withLeaves(point, computed.slice(k * each, (k + 1) * each))),
    );
  } finally {
    for (const t of computed) t.dispose();
  }
}
