import { hvp } from '../autodiff/index.ts';
import { compile } from '../compile/index.ts';
import { type Tensor, type Tree, tree, zeros } from '../graph/index.ts';
import { dot } from '../meta/index.ts';
import { normal } from '../nn/index.ts';
import { Random } from '../random.ts';
import { read } from './values.ts';

export interface CurvatureOptions {
  /** Which parameters may move, by dotted path (default all): the Hessian is that by these. */
  readonly adapts?: (path: string) => boolean;
  /** Most steps of power iteration (default 100). */
  readonly iterations?: number;
  /** Done when |H v - lambda v| is below this share of |lambda| (default 1e-3). */
  readonly tolerance?: number;
}

/** The largest curvature of a loss at a point. */
export interface Curvature {
  /** lambda_max, the largest eigenvalue of the Hessian. */
  readonly largest: number;
  /** |H v - lambda v| for the last vector v, of length 1: some eigenvalue is this close to `largest`. */
  readonly residual: number;
  /** Steps of power iteration that it took. */
  readonly iterations: number;
  /** Whether the residual came below the tolerance. */
  readonly converged: boolean;
}

/**
 * The largest eigenvalue of the Hessian of a loss at each of some points, by power iteration on Hessian-vector products;
 * the Hessian is never formed. Gradient descent with rate alpha on a quadratic multiplies the error along an eigenvector
 * of eigenvalue lambda by 1 - alpha lambda: beyond alpha lambda_max = 2 it grows from step to step.
 *
 * Power iteration finds the eigenvalue of largest magnitude. Where that is negative, a second one on H - lambda I, none of
 * whose eigenvalues is negative, finds the largest.
 * @param f the loss as a function of the parameters, at a point by its number: a loss may differ from step to step
 */
export async function curvatures<P extends Tree>(
  f: (theta: P, point: number) => Tensor,
  points: readonly P[],
  options: CurvatureOptions = {},
): Promise<Curvature[]> {
  const found: Curvature[] = [];
  for (const [k, theta] of points.entries())
    found.push(await curvatureAt((at: P) => f(at, k), theta, options));
  return found;
}

async function curvatureAt<P extends Tree>(
  f: (theta: P) => Tensor,
  point: P,
  { adapts = () => true, iterations: most = 100, tolerance = 1e-3 }: CurvatureOptions,
): Promise<Curvature> {
  const step = compile(
    (theta: P, v: P, shift: Tensor): PowerStep<P> => {
      const length = dot(v, v).sqrt();
      const u = tree.map((x) => x.div(length), v);
      const product = tree.mapWithPath(
        (path, h, x) => (adapts(path) ? h.sub(x.mul(shift)) : zeros(h.shape)),
        hvp(f(theta), theta, u),
        u,
      );
      const quotient = dot(u, product);
      const error = tree.map((h, x) => h.sub(x.mul(quotient)), product, u);
      return { next: product, quotient, residual: dot(error, error).sqrt() };
    },
    { donate: [1] },
  );
  // What may be passed for a tree of any kind, a compiler of types cannot work out.
  const powerStep = step as unknown as (theta: P, v: P, shift: number) => Promise<PowerStep<P>>;

  /** The eigenvalue of largest magnitude of H - shift I. */
  const dominant = async (shift: number): Promise<Curvature> => {
    let v = start(point, adapts);
    for (let k = 1; ; k++) {
      const measured = await powerStep(point, v, shift);
      const [largest, residual] = await read([measured.quotient, measured.residual]);
      v = measured.next;
      const converged = residual <= tolerance * Math.abs(largest);
      if (converged || k === most || Number.isNaN(residual)) {
        for (const t of tree.leaves(v)) t.dispose();
        return { largest, residual, iterations: k, converged };
      }
    }
  };

  try {
    const strongest = await dominant(0);
    if (!(strongest.largest < 0)) return strongest;
    const { largest, iterations, ...rest } = await dominant(strongest.largest);
    return {
      ...rest,
      largest: largest + strongest.largest,
      iterations: strongest.iterations + iterations,
    };
  } finally {
    step.dispose();
  }
}

/** A step of power iteration for an operator A from v: A v, and of v at length 1 the Rayleigh quotient and its residual. */
type PowerStep<P extends Tree> = { readonly next: P; readonly quotient: Tensor; readonly residual: Tensor };

/** A random direction, the same one at every point. */
function start<P extends Tree>(theta: P, adapts: (path: string) => boolean): P {
  const random = new Random('curvature');
  return tree.mapWithPath((path, p) => normal(random, p.shape, adapts(path) ? 1 : 0), theta);
}
