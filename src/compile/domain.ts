import type { Expression, Step } from './expression.ts';

/** One dimension of a loop nest after merging. */
export interface LoopDim {
  readonly extent: number;
  readonly reduced: boolean;
  /** Elements per step, one per leaf of the expression. */
  readonly strides: readonly number[];
  /** The original dimension, where a step of the body refers to its coordinate. */
  readonly original?: number;
}

/** Original dimensions whose coordinate some step uses; these cannot be merged with others. */
function referenced(steps: readonly Step[]): Set<number> {
  const dims = new Set<number>();
  for (const step of steps) {
    if (step.kind === 'coordinate') dims.add(step.coordinate.dim);
    if (step.kind === 'within') for (const b of step.bounds) dims.add(b.coordinate.dim);
  }
  return dims;
}

/**
 * The loop nest of an expression over `shape`, with extents of 1 dropped and neighbours merged wherever every leaf walks
 * through both as through one. Most loops become one or two dimensions this way.
 */
export function loopDims(shape: readonly number[], reducedAxes: readonly number[], e: Expression): LoopDim[] {
  const pinned = referenced(e.steps);
  const dims: LoopDim[] = [];
  shape.forEach((extent, d) => {
    const used = pinned.has(d);
    if (extent === 1 && !used) return;
    const next: LoopDim = {
      extent,
      reduced: reducedAxes.includes(d),
      strides: e.leaves.map((leaf) => leaf.access.strides[d]),
      original: used ? d : undefined,
    };
    const last = dims[dims.length - 1];
    const joins =
      last !== undefined &&
      last.original === undefined &&
      !used &&
      last.reduced === next.reduced &&
      last.strides.every((s, i) => s === next.strides[i] * extent);
    if (joins) dims[dims.length - 1] = { ...next, extent: last.extent * extent };
    else dims.push(next);
  });
  return dims;
}

/** Whether four neighbours along the innermost dimension can be handled as one vector. */
export function vectorises(dims: readonly LoopDim[], e: Expression): boolean {
  const inner = dims[dims.length - 1];
  if (inner === undefined || inner.extent % 4 !== 0 || inner.original !== undefined) return false;
  return e.leaves.every((leaf, i) => {
    if (inner.strides[i] === 0) return true;
    if (inner.strides[i] !== 1 || leaf.access.offset % 4 !== 0) return false;
    return dims.slice(0, -1).every((d) => d.strides[i] % 4 === 0);
  });
}
