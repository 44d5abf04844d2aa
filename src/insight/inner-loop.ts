import { type Tree, tree } from '../graph/index.ts';
import { adapt } from '../meta/index.ts';
import type { Inspected } from './inspected.ts';
import { scalars } from './values.ts';

/** The losses along the inner loop: entry k is after k steps. */
export interface InnerCurve {
  readonly support: readonly number[];
  readonly query: readonly number[];
}

/** The parameters before the first inner step and after each of `steps`, whatever number was trained with. */
export function trajectory<P extends Tree, D>(inspected: Inspected<P, D>, steps: number): P[] {
  const { loss, theta, task, inner } = inspected;
  // Nothing is differentiated by the initial parameters here, so the order does not matter.
  const adapted = adapt(loss, theta, task.support, { ...inner, steps, order: 1 });
  return [...adapted.steps.map((step) => step.theta), adapted.theta];
}

/**
 * The loss on support and query set before the first inner step and after each of `steps` (more than were trained with,
 * if asked: adaptation may go on improving, or diverge, in infinities and NaN at last).
 * @throws as `adapt`.
 */
export async function innerCurve<P extends Tree, D>(
  inspected: Inspected<P, D>,
  steps: number,
): Promise<InnerCurve> {
  const { loss, task } = inspected;
  const along = trajectory(inspected, steps);
  const values = await scalars([
    ...along.map((theta, k) => loss(theta, task.support, k)),
    ...along.map((theta, k) => loss(theta, task.query, k)),
  ]);
  return { support: values.slice(0, along.length), query: values.slice(along.length) };
}

/** How far one tensor moves in each inner step. */
export interface UpdateNorms {
  /** Dotted path of the tensor. */
  readonly path: string;
  /** Entry k is |theta_(k+1) - theta_k|, the Euclidean norm. */
  readonly norms: readonly number[];
}

/**
 * The norm of every inner step's update, tensor by tensor.
 * @throws as `adapt`.
 */
export async function updateNorms<P extends Tree, D>(
  inspected: Inspected<P, D>,
  steps: number,
): Promise<UpdateNorms[]> {
  const along = trajectory(inspected, steps).map((theta) => tree.leaves(theta));
  const paths = tree.entries(inspected.theta).map(([path]) => path);
  const norms = await scalars(
    paths.flatMap((_, i) =>
      along.slice(1).map((theta, k) => theta[i].sub(along[k][i]).square().sum().sqrt()),
    ),
  );
  return paths.map((path, i) => ({ path, norms: norms.slice(i * steps, (i + 1) * steps) }));
}
