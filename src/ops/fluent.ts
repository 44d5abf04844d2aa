import type { Shape } from '../graph/shape.ts';
import { Tensor } from '../graph/tensor.ts';
import { broadcastTo, type ReduceOptions, sum } from './broadcast.ts';
import * as e from './elementwise.ts';
import { type MatmulOptions, matmul } from './matmul.ts';
import { permute, reshape, slice, transpose } from './movement.ts';
import { max, mean } from './reduce.ts';

/* The ops that read well as methods, so that formulas do: p.sub(g.mul(alpha)). */
declare module '../graph/tensor.ts' {
  interface Tensor {
    /** this + b, broadcast. */
    add(b: e.Operand): Tensor;
    /** this - b, broadcast. */
    sub(b: e.Operand): Tensor;
    /** this * b element by element, broadcast. */
    mul(b: e.Operand): Tensor;
    /** this / b, broadcast. */
    div(b: e.Operand): Tensor;
    /** this^b for values above 0; for any value when b is an integer from -8 to 8. */
    pow(b: e.Operand): Tensor;
    /** -this. */
    neg(): Tensor;
    /** this^2. */
    square(): Tensor;
    /** e^this. */
    exp(): Tensor;
    /** Natural logarithm. */
    log(): Tensor;
    /** Square root. */
    sqrt(): Tensor;
    /** 1 / square root. */
    rsqrt(): Tensor;
    /** Sine, in radians. */
    sin(): Tensor;
    /** Cosine, in radians. */
    cos(): Tensor;
    /** Absolute value. */
    abs(): Tensor;
    /** max(this, 0). */
    relu(): Tensor;
    /** Hyperbolic tangent. */
    tanh(): Tensor;
    /** 1 / (1 + e^-this). */
    sigmoid(): Tensor;
    /** log(1 + e^this). */
    softplus(): Tensor;
    /** i32 to f32. */
    toFloat(): Tensor;
    /** f32 to i32, towards zero. */
    toInt(): Tensor;
    /** Sum over the axes (all by default). */
    sum(axes?: number | readonly number[], options?: ReduceOptions): Tensor;
    /** Mean over the axes (all by default). */
    mean(axes?: number | readonly number[], options?: ReduceOptions): Tensor;
    /** Maximum over the axes (all by default). */
    max(axes?: number | readonly number[], options?: ReduceOptions): Tensor;
    /** Matrix product of the last two axes. */
    matmul(b: Tensor, options?: MatmulOptions): Tensor;
    /** The same elements under another shape; one extent may be -1. */
    reshape(shape: Shape): Tensor;
    /** Axes in another order. */
    permute(order: readonly number[]): Tensor;
    /** Two axes swapped, by default the last two. */
    transpose(a?: number, b?: number): Tensor;
    /** The part from `start` up to `stop` of every axis. */
    slice(start: readonly number[], stop?: readonly number[]): Tensor;
    /** Repeated along axes of extent 1 until it has the shape. */
    broadcastTo(shape: Shape): Tensor;
  }
}

const methods = {
  add: e.add,
  sub: e.sub,
  mul: e.mul,
  div: e.div,
  pow: e.pow,
  neg: e.neg,
  square: e.square,
  exp: e.exp,
  log: e.log,
  sqrt: e.sqrt,
  rsqrt: e.rsqrt,
  sin: e.sin,
  cos: e.cos,
  abs: e.abs,
  relu: e.relu,
  tanh: e.tanh,
  sigmoid: e.sigmoid,
  softplus: e.softplus,
  toFloat: e.toFloat,
  toInt: e.toInt,
  sum,
  mean,
  max,
  matmul,
  reshape,
  permute,
  transpose,
  slice,
  broadcastTo,
};

for (const [name, f] of Object.entries(methods) as [string, (...args: unknown[]) => Tensor][])
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...args: unknown[]) {
      return f(this, ...args);
    },
  });
