import { type Shape, stridesOf, type Tensor, topologicalOrder } from '../graph/index.ts';
import { constantValue, hostData } from '../graph/source.ts';
import { scalarFunctions } from '../ops/index.ts';

import { convolution, forEachIndex, pool, resize, type Values } from './reference-windows.ts';

/*
 * An interpreter of graphs in float64: every op written from its definition, with plain loops and nothing shared with
 * the compiler or the shaders. Fused ops are interpreted through what they expand to.
 */

/** Values of chosen nodes, instead of what they hold or compute. */
export type Given = ReadonlyMap<Tensor, Values>;

type F64 = Readonly<Record<string, { readonly f64: (...args: number[]) => number }>>;

/** What every index of every axis adds to the flat index of a source; NaN where there is none. */
type Offsets = readonly (readonly number[])[];

/** Visits every index of a shape, as a flat index of its own and of the source. */
function forEachSource(shape: Shape, offsets: Offsets, visit: (flat: number, source: number) => void): void {
  forEachIndex(shape, (index, flat) => {
    let source = 0;
    for (let d = 0; d < index.length; d++) source += offsets[d][index[d]];
    visit(flat, source);
  });
}

/** Which element of its input every index of a view shows; none where a pad is zero. */
function viewOffsets(node: Tensor): Offsets {
  const [x] = node.inputs;
  const strides = stridesOf(x.shape);
  const { start, before, order, axes } = node.attrs as Record<string, number[]>;
  const along = (f: (k: number, d: number) => number): Offsets =>
    node.shape.map((n, d) => Array.from({ length: n }, (_, k) => f(k, d)));
  switch (node.op.name) {
    case 'expand':
      return along((k, d) => (x.shape[d] === 1 ? 0 : k * strides[d]));
    case 'permute':
      return along((k, d) => k * strides[order[d]]);
    case 'flip':
      return along((k, d) => (axes.includes(d) ? x.shape[d] - 1 - k : k) * strides[d]);
    case 'slice':
      return along((k, d) => (k + start[d]) * strides[d]);
    case 'pad':
      return along((k, d) => {
        const inner = k - before[d];
        return inner >= 0 && inner < x.shape[d] ? inner * strides[d] : Number.NaN;
      });
    default:
      throw new Error(`reference: no view ${node.op.name}`);
  }
}

function view(node: Tensor, x: Values): Values {
  if (['reshape', 'stopGradient', 'recompute'].includes(node.op.name)) return x;
  const out = new Float64Array(node.size);
  forEachSource(node.shape, viewOffsets(node), (flat, source) => {
    if (!Number.isNaN(source)) out[flat] = x[source];
  });
  return out;
}

function reduce(node: Tensor, x: Values): Values {
  const sum = node.op.name === 'sum';
  const out = new Float64Array(node.size).fill(sum ? 0 : Number.NEGATIVE_INFINITY);
  const kept = stridesOf(node.shape);
  const axes = node.attrs.axes as number[];
  const from = node.inputs[0].shape;
  const offsets = from.map((n, d) =>
    Array.from({ length: n }, (_, k) => (axes.includes(d) ? 0 : k * kept[d])),
  );
  forEachSource(from, offsets, (flat, to) => {
    out[to] = sum ? out[to] + x[flat] : Math.max(out[to], x[flat]);
  });
  return out;
}

function matmul(node: Tensor, a: Values, b: Values): Values {
  const { transposeA, transposeB } = node.attrs;
  const [A, B] = node.inputs.map((t) => t.shape);
  const [, m, n] = node.shape;
  const inner = A[transposeA ? 1 : 2];
  const out = new Float64Array(node.size);
  forEachIndex(node.shape, ([s, i, j], flat) => {
    const inA = (A[0] === 1 ? 0 : s) * m * inner;
    const inB = (B[0] === 1 ? 0 : s) * n * inner;
    let total = 0;
    for (let k = 0; k < inner; k++)
      total +=
        a[inA + (transposeA ? k * m + i : i * inner + k)] * b[inB + (transposeB ? j * inner + k : k * n + j)];
    out[flat] = total;
  });
  return out;
}

function elementwise(node: Tensor, inputs: readonly Values[]): Values {
  const { f64 } = (scalarFunctions as F64)[node.op.name];
  const out = new Float64Array(node.size);
  const [a, b, c] = inputs;
  if (inputs.length === 1) for (let i = 0; i < out.length; i++) out[i] = f64(a[i]);
  else if (inputs.length === 2) for (let i = 0; i < out.length; i++) out[i] = f64(a[i], b[i]);
  else for (let i = 0; i < out.length; i++) out[i] = f64(a[i], b[i], c[i]);
  // 32-bit integers wrap around.
  return node.dtype === 'i32' ? out.map((v) => v | 0) : out;
}

const byName: Record<string, (node: Tensor, inputs: readonly Values[]) => Values> = {
  matmul: (node, [a, b]) => matmul(node, a, b),
  conv2d: (node, [x, w]) => convolution(node, x, w),
  conv2dInputGrad: (node, [g, w]) => convolution(node, g, w),
  conv2dWeightGrad: (node, [x, g]) => convolution(node, x, g),
  maxPool2d: pool,
  maxPool2dCodes: pool,
  gatherPool2d: pool,
  scatterPool2d: pool,
  upsampleNearest: (node, [x]) => resize(node, x),
  upsampleNearestAdjoint: (node, [g]) => resize(node, g),
};

function compute(node: Tensor, inputs: readonly Values[]): Values {
  const { lowering } = node.op;
  switch (lowering.kind) {
    case 'source': {
      const data = hostData(node);
      if (data === undefined) throw new Error(`reference: ${node} has no value; give it one`);
      return Float64Array.from(data);
    }
    case 'constant':
      return new Float64Array(node.size).fill(constantValue(node)!);
    case 'iota': {
      const out = new Float64Array(node.size);
      forEachIndex(node.shape, (i, flat) => {
        out[flat] = i[node.attrs.axis as number];
      });
      return out;
    }
    case 'elementwise':
      return elementwise(node, inputs);
    case 'view':
      return view(node, inputs[0]);
    case 'reduce':
      return reduce(node, inputs[0]);
    default: {
      const rule = byName[node.op.name];
      if (rule === undefined) throw new Error(`reference: no rule for ${node}`);
      return rule(node, inputs);
    }
  }
}

/** The values of nodes in float64, given those of placeholders (or of any nodes). */
export function reference(nodes: readonly Tensor[], given: Given = new Map()): Values[] {
  const known = new Map<Tensor, Values>(given);
  const visit = (roots: readonly Tensor[]): void => {
    for (const node of topologicalOrder(roots, known)) {
      if (known.has(node)) continue;
      const { lowering } = node.op;
      if (lowering.kind === 'expand') {
        const expansion = lowering.expand(node);
        visit([expansion]);
        known.set(node, known.get(expansion)!);
      } else
        known.set(
          node,
          compute(
            node,
            node.inputs.map((t) => known.get(t)!),
          ),
        );
    }
  };
  visit(nodes);
  return nodes.map((t) => known.get(t)!);
}
