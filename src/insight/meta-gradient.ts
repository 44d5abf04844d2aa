import { grad } from '../autodiff/index.ts';
import { type Tensor, type Tree, tree } from '../graph/index.ts';
import { queryLosses } from '../meta/index.ts';
import { add } from '../ops/index.ts';
import type { Inspected } from './inspected.ts';
import { scalars } from './values.ts';

/** The query loss after adaptation and its gradient by the initial parameters: one task's share of a meta-step. */
export function metaGradient<P extends Tree, D>(
  { loss, theta, task, inner }: Inspected<P, D>,
  order: 1 | 2 = inner.order ?? 2,
): { loss: Tensor; gradient: P } {
  const [query] = queryLosses(loss, theta, [task], { ...inner, order });
  return { loss: query, gradient: grad(query, theta) };
}

/** First- and second-order meta-gradient of a tensor compared. */
export interface GradientComparison {
  /** Dotted path of the tensor; `all` for all of them as one vector. */
  readonly path: string;
  /** Euclidean norms. */
  readonly firstOrder: number;
  readonly secondOrder: number;
  /** The cosine of the angle between them; NaN where one is zero. */
  readonly cosine: number;
}

/**
 * How far the first-order approximation of the meta-gradient is from the true one, tensor by tensor and for all together:
 * 1 says that they point the same way, 0 that they are orthogonal.
 * @throws as `adapt`.
 */
export async function gradientCosines<P extends Tree, D>(
  inspected: Inspected<P, D>,
): Promise<GradientComparison[]> {
  const [first, second] = ([1, 2] as const).map((order) =>
    tree.leaves(metaGradient(inspected, order).gradient),
  );
  const paths = tree.entries(inspected.theta).map(([path]) => path);
  const dot = (a: readonly Tensor[], b: readonly Tensor[]) => a.map((t, i) => t.mul(b[i]).sum());
  const products = [dot(first, first), dot(second, second), dot(first, second)];
  const values = await scalars(products.flatMap((list) => [...list, list.reduce(add)]));
  const columns = products.map((_, i) => values.slice(i * (paths.length + 1), (i + 1) * (paths.length + 1)));
  return [...paths, 'all'].map((path, i) => {
    const [firstOrder, secondOrder] = [columns[0][i], columns[1][i]].map(Math.sqrt);
    return { path, firstOrder, secondOrder, cosine: columns[2][i] / (firstOrder * secondOrder) };
  });
}
