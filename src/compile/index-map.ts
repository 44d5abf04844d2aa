import { type Shape, stridesOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';

/** One coordinate of a tensor as a function of the loop's: scale * c[dim] + offset; `dim` -1 is a constant. */
export interface Coordinate {
  readonly dim: number;
  readonly scale: 1 | -1;
  readonly offset: number;
}

/** Where in a tensor the element for a point of the loop domain lies: one coordinate per axis. */
export type IndexMap = readonly Coordinate[];

/** A condition low <= coordinate < high. */
export interface Bound {
  readonly coordinate: Coordinate;
  readonly extent: number;
}

export const identityMap = (rank: number): IndexMap =>
  Array.from({ length: rank }, (_, dim) => ({ dim, scale: 1, offset: 0 }));

const fixed: Coordinate = { dim: -1, scale: 1, offset: 0 };
const shift = (c: Coordinate, by: number): Coordinate => ({ ...c, offset: c.offset + by });

/** A reshape that only adds and drops extents of 1 keeps every other axis. */
export function keepsAxes(from: Shape, to: Shape): boolean {
  const [a, b] = [from, to].map((s) => s.filter((n) => n !== 1));
  return a.length === b.length && a.every((n, d) => n === b[d]);
}

/**
 * Looks through a view: the map of its input for the map of its output, and the bounds outside of which a pad is zero.
 * @throws for a reshape that mixes axes, whose input must be stored instead.
 */
export function throughView(node: Tensor, map: IndexMap): { map: IndexMap; bounds: Bound[] } {
  const { lowering } = node.op;
  const [x] = node.inputs;
  if (lowering.kind !== 'view') throw new Error(`${node.op.name} is not a view`);
  switch (lowering.view) {
    case 'identity':
    case 'after':
      return { map, bounds: [] };
    case 'expand':
      return { map: map.map((c, d) => (x.shape[d] === 1 ? fixed : c)), bounds: [] };
    case 'permute': {
      const order = node.attrs.order as number[];
      return { map: order.map((_, axis) => map[order.indexOf(axis)]), bounds: [] };
    }
    case 'slice': {
      const start = node.attrs.start as number[];
      return { map: map.map((c, d) => shift(c, start[d])), bounds: [] };
    }
    case 'flip': {
      const axes = node.attrs.axes as number[];
      const mirror = (c: Coordinate, n: number): Coordinate => ({
        dim: c.dim,
        scale: c.scale === 1 ? -1 : 1,
        offset: n - 1 - c.offset,
      });
      return { map: map.map((c, d) => (axes.includes(d) ? mirror(c, x.shape[d]) : c)), bounds: [] };
    }
    case 'pad': {
      const before = node.attrs.before as number[];
      const inner = map.map((c, d) => shift(c, -before[d]));
      const bounds = inner
        .map((coordinate, d) => ({ coordinate, extent: x.shape[d] }))
        .filter((_, d) => x.shape[d] !== node.shape[d]);
      return { map: inner, bounds };
    }
    case 'reshape': {
      if (!keepsAxes(x.shape, node.shape))
        throw new Error(`${node} mixes axes of a value that is not stored`);
      const kept = map.filter((_, d) => node.shape[d] !== 1);
      let next = 0;
      return { map: x.shape.map((n) => (n === 1 ? fixed : kept[next++])), bounds: [] };
    }
  }
}

/** A stored tensor's flat index as an affine function of the loop's coordinates. */
export interface Affine {
  readonly offset: number;
  /** Elements per step of each loop dimension. */
  readonly strides: readonly number[];
}

export function affine(map: IndexMap, shape: Shape, domainRank: number): Affine {
  const strides = new Array<number>(domainRank).fill(0);
  const own = stridesOf(shape);
  let offset = 0;
  map.forEach((c, d) => {
    // Along an extent of 1 there is one place to read, wherever a pad around it puts the coordinate.
    if (shape[d] === 1) return;
    offset += c.offset * own[d];
    if (c.dim >= 0) strides[c.dim] += c.scale * own[d];
  });
  return { offset, strides };
}
