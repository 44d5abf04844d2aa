import { type Tensor, type Tree, tree, zeros } from '../graph/index.ts';
import { add, greater, where } from '../ops/index.ts';

/** The inner product of two trees of one structure. */
export const dot = <P extends Tree>(a: P, b: P): Tensor =>
  tree.leaves(tree.map((x, y) => x.mul(y).sum(), a, b)).reduce(add);

/**
 * Solves A x = b for a symmetric positive definite A, given by its products alone (Hestenes & Stiefel 1952), from x = 0. Exact
 * after as many iterations as A has different eigenvalues. It stands still once the residual is 0, or where p'Ap is not positive.
 * @param product v => A v.
 */
export function conjugateGradient<P extends Tree>(product: (v: P) => P, b: P, iterations: number): P {
  const ratio = (a: Tensor, by: Tensor) => where(greater(by, 0), a.div(by), 0);
  const along = (x: P, scale: Tensor, p: P) => tree.map((u, v) => u.add(v.mul(scale)), x, p);
  let x = tree.map((u) => zeros(u.shape), b);
  let r = b;
  let p = b;
  let rr = dot(r, r);
  for (let i = 0; i < iterations; i++) {
    const Ap = product(p);
    const alpha = ratio(rr, dot(p, Ap));
    x = along(x, alpha, p);
    r = along(r, alpha.neg(), Ap);
    const next = dot(r, r);
    p = along(r, ratio(next, rr), p);
    rr = next;
  }
  return x;
}
