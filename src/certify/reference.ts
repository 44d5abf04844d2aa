import { type Shape, sizeOf, stridesOf, type Tensor, topologicalOrder } from '../graph/index.ts';
import { constantValue, hostData } from '../graph/source.ts';
import { scalarFunctions } from '../ops/index.ts';

/*
 * An interpreter of graphs in float64: every op written from its definition, with plain loops and nothing shared with
 * the compiler or the shaders. Fused ops are interpreted through what they expand to.
 */

/** Row-major values of a tensor. */
export type Values = Float64Array;
/** Values of chosen nodes, instead of what they hold or compute. */
export type Given = ReadonlyMap<Tensor, Values>;

type F64 = Readonly<Record<string, { readonly f64: (...args: number[]) => number }>>;

/** Visits every index of a shape in row-major order. */
function forEachIndex(shape: Shape, visit: (index: readonly number[], flat: number) => void): void {
  const index = shape.map(() => 0);
  const size = sizeOf(shape);
  for (let flat = 0; flat < size; flat++) {
    visit(index, flat);
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d]++;
      if (index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
}

const at = (index: readonly number[], strides: readonly number[]): number =>
  index.reduce((n, i, d) => n + i * strides[d], 0);

/** For every index of a view, the index of its input, or undefined where a pad is zero. */
function viewSource(node: Tensor): (index: readonly number[], flat: number) => number | undefined {
  const [x] = node.inputs;
  const strides = stridesOf(x.shape);
  const { start, before, order, axes } = node.attrs as Record<string, number[]>;
  switch (node.op.name) {
    case 'reshape':
    case 'stopGradient':
    case 'recompute':
      return (_, flat) => flat;
    case 'expand':
      return (i) =>
        at(
          i.map((k, d) => (x.shape[d] === 1 ? 0 : k)),
          strides,
        );
    case 'permute':
      return (i) => i.reduce((n, k, d) => n + k * strides[order[d]], 0);
    case 'flip':
      return (i) =>
        at(
          i.map((k, d) => (axes.includes(d) ? x.shape[d] - 1 - k : k)),
          strides,
        );
    case 'slice':
      return (i) =>
        at(
          i.map((k, d) => k + start[d]),
          strides,
        );
    case 'pad':
      return (i) => {
        const inner = i.map((k, d) => k - before[d]);
        return inner.every((k, d) => k >= 0 && k < x.shape[d]) ? at(inner, strides) : undefined;
      };
    default:
      throw new Error(`reference: no view ${node.op.name}`);
  }
}

function reduce(node: Tensor, x: Values): Values {
  const sum = node.op.name === 'sum';
  const out = new Float64Array(node.size).fill(sum ? 0 : Number.NEGATIVE_INFINITY);
  const kept = stridesOf(node.shape);
  const axes = node.attrs.axes as number[];
  forEachIndex(node.inputs[0].shape, (i, flat) => {
    const to = at(
      i.map((k, d) => (axes.includes(d) ? 0 : k)),
      kept,
    );
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

/** Visits every product of the convolution's trilinear form: flat indices into x, w and g. */
function trilinear(
  x: Shape,
  w: Shape,
  g: Shape,
  { stride, padding }: Record<string, number>,
  visit: (x: number, w: number, g: number) => void,
): void {
  const [, channels, height, width] = x;
  const [filters, , kh, kw] = w.slice(-4);
  // A list of weights serves the images in equal shares, one after another.
  const share = w.length === 5 ? g[0] / w[0] : g[0];
  forEachIndex(g, ([n, o, i, j], gFlat) => {
    const filter = Math.floor(n / share) * filters + o;
    for (let c = 0; c < channels; c++)
      for (let a = 0; a < kh; a++) {
        const r = i * stride + a - padding;
        if (r < 0 || r >= height) continue;
        for (let b = 0; b < kw; b++) {
          const s = j * stride + b - padding;
          if (s < 0 || s >= width) continue;
          visit(
            ((n * channels + c) * height + r) * width + s,
            ((filter * channels + c) * kh + a) * kw + b,
            gFlat,
          );
        }
      }
  });
}

function convolution(node: Tensor, first: Values, second: Values): Values {
  const [A, B] = node.inputs.map((t) => t.shape);
  const out = new Float64Array(node.size);
  const attrs = node.attrs as Record<string, number>;
  if (node.op.name === 'conv2d')
    trilinear(A, B, node.shape, attrs, (x, w, g) => {
      out[g] += first[x] * second[w];
    });
  else if (node.op.name === 'conv2dInputGrad')
    trilinear(node.shape, B, A, attrs, (x, w, g) => {
      out[x] += first[g] * second[w];
    });
  else
    trilinear(A, node.shape, B, attrs, (x, w, g) => {
      out[w] += first[x] * second[g];
    });
  return out;
}

/** Visits every element of every pooling window: plane, output, code, and the input element (flat). */
function windows(
  image: Shape,
  pooled: Shape,
  { kernel, stride, padding }: Record<string, number>,
  visit: (output: number, code: number, input: number) => void,
): void {
  const [, , h, w] = image;
  const planes = image[0] * image[1];
  forEachIndex([planes, pooled[2], pooled[3]], ([p, i, j], output) => {
    for (let a = 0; a < kernel; a++)
      for (let b = 0; b < kernel; b++) {
        const r = i * stride + a - padding;
        const c = j * stride + b - padding;
        if (r >= 0 && r < h && c >= 0 && c < w) visit(output, a * kernel + b, (p * h + r) * w + c);
      }
  });
}

function pool(node: Tensor, inputs: readonly Values[]): Values {
  const [x, codes] = inputs;
  const out = new Float64Array(node.size);
  const attrs = node.attrs as Record<string, number>;
  const [image, pooled] =
    node.op.name === 'scatterPool2d'
      ? [node.shape, node.inputs[0].shape]
      : [node.inputs[0].shape, node.shape];
  if (node.op.name === 'gatherPool2d')
    windows(image, pooled, attrs, (o, code, i) => {
      if (codes[o] === code) out[o] = x[i];
    });
  else if (node.op.name === 'scatterPool2d')
    windows(image, pooled, attrs, (o, code, i) => {
      if (codes[o] === code) out[i] += x[o];
    });
  else {
    // The first of equal elements is chosen; NaN wins, and the last of them.
    const best = new Map<number, number>();
    windows(image, pooled, attrs, (o, code, i) => {
      const known = best.get(o);
      if (known !== undefined && !(x[i] > known) && !Number.isNaN(x[i])) return;
      best.set(o, x[i]);
      out[o] = node.op.name === 'maxPool2d' ? x[i] : code;
    });
  }
  return out;
}

/** For every pixel of the larger image, the one of the smaller that it shows. */
function upsampling(small: Shape, large: Shape, visit: (small: number, large: number) => void): void {
  forEachIndex([small[0] * small[1], large[2], large[3]], ([p, i, j], flat) => {
    const r = Math.floor((i * small[2]) / large[2]);
    const c = Math.floor((j * small[3]) / large[3]);
    visit((p * small[2] + r) * small[3] + c, flat);
  });
}

function resize(node: Tensor, x: Values): Values {
  const out = new Float64Array(node.size);
  const from = node.inputs[0].shape;
  if (node.op.name === 'upsampleNearest')
    upsampling(from, node.shape, (small, large) => {
      out[large] = x[small];
    });
  else
    upsampling(node.shape, from, (small, large) => {
      out[small] += x[large];
    });
  return out;
}

function elementwise(node: Tensor, inputs: readonly Values[]): Values {
  const { f64 } = (scalarFunctions as F64)[node.op.name];
  const out = new Float64Array(node.size);
  for (let i = 0; i < out.length; i++) out[i] = f64(...inputs.map((x) => x[i]));
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
    case 'view': {
      const out = new Float64Array(node.size);
      const from = viewSource(node);
      forEachIndex(node.shape, (i, flat) => {
        const source = from(i, flat);
        if (source !== undefined) out[flat] = inputs[0][source];
      });
      return out;
    }
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
