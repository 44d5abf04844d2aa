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
    add(b: e.Operand): Tensor;
    sub(b: e.Operand): Tensor;
    mul(b: e.Operand): Tensor;
    div(b: e.Operand): Tensor;
    pow(b: e.Operand): Tensor;
    neg(): Tensor;
    square(): Tensor;
    exp(): Tensor;
    log(): Tensor;
    sqrt(): Tensor;
    abs(): Tensor;
    relu(): Tensor;
    tanh(): Tensor;
    sigmoid(): Tensor;
    toFloat(): Tensor;
    sum(axes?: number | readonly number[], options?: ReduceOptions): Tensor;
    mean(axes?: number | readonly number[], options?: ReduceOptions): Tensor;
    max(axes?: number | readonly number[], options?: ReduceOptions): Tensor;
    matmul(b: Tensor, options?: MatmulOptions): Tensor;
    reshape(shape: Shape): Tensor;
    permute(order: readonly number[]): Tensor;
    transpose(a?: number, b?: number): Tensor;
    slice(start: readonly number[], stop?: readonly number[]): Tensor;
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
  abs: e.abs,
  relu: e.relu,
  tanh: e.tanh,
  sigmoid: e.sigmoid,
  toFloat: e.toFloat,
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
