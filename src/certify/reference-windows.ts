import { type Shape, sizeOf, type Tensor } from '../graph/index.ts';

/* Windowed ops in float64, written from their definitions: convolution, pooling, upsampling. */

/** Row-major values of a tensor. */
export type Values = Float64Array;

/** Visits every index of a shape in row-major order. */
export function forEachIndex(shape: Shape, visit: (index: readonly number[], flat: number) => void): void {
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

export function convolution(node: Tensor, first: Values, second: Values): Values {
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
  { kernel, stride, padding }: Record<string, readonly number[]>,
  visit: (output: number, code: number, input: number) => void,
): void {
  const [, , h, w] = image;
  const planes = image[0] * image[1];
  forEachIndex([planes, pooled[2], pooled[3]], ([p, i, j], output) => {
    for (let a = 0; a < kernel[0]; a++)
      for (let b = 0; b < kernel[1]; b++) {
        const r = i * stride[0] + a - padding[0];
        const c = j * stride[1] + b - padding[1];
        if (r >= 0 && r < h && c >= 0 && c < w) visit(output, a * kernel[1] + b, (p * h + r) * w + c);
      }
  });
}

export function pool(node: Tensor, inputs: readonly Values[]): Values {
  const [x, codes] = inputs;
  const out = new Float64Array(node.size);
  const attrs = node.attrs as Record<string, readonly number[]>;
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

/** For every pixel of the resized image, the one of the given image that it shows. */
function upsampling(small: Shape, large: Shape, visit: (small: number, large: number) => void): void {
  forEachIndex([small[0] * small[1], large[2], large[3]], ([p, i, j], flat) => {
    const r = Math.floor((i * small[2]) / large[2]);
    const c = Math.floor((j * small[3]) / large[3]);
    visit((p * small[2] + r) * small[3] + c, flat);
  });
}

export function resize(node: Tensor, x: Values): Values {
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
