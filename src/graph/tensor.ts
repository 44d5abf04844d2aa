import type { Attrs, Op } from './op.ts';
import { currentOrigin, type Origin } from './origin.ts';
import { checkShape, type Shape, showShape, sizeOf } from './shape.ts';

export type DType = 'f32' | 'i32';

let created = 0;

/**
 * A tensor is a recipe: an immutable node of a pure expression graph. Building one checks shapes and runs nothing;
 * its value exists once a compiled function or `data()` asks for it.
 */
export class Tensor {
  /** Creation order; inputs always have smaller ids. */
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attrs: Attrs;
  readonly shape: Shape;
  readonly dtype: DType;
  /** The part of the program that built it, for people who count or draw; equal values may have several. */
  readonly origin: Origin;

  /** For ops only: users build tensors with `tensor`, `zeros` and the ops. */
  constructor(op: Op, inputs: readonly Tensor[], attrs: Attrs, shape: Shape, dtype: DType) {
    checkShape(op.name, shape);
    this.id = created++;
    this.op = op;
    this.inputs = inputs;
    this.attrs = attrs;
    this.shape = shape;
    this.dtype = dtype;
    this.origin = currentOrigin();
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  get rank(): number {
    return this.shape.length;
  }

  toString(): string {
    return `Tensor(${this.op.name}, ${this.dtype}${showShape(this.shape)})`;
  }
}

/** Bytes of a tensor's value: both types take four per element. */
export const bytesOf = (t: { readonly shape: Shape }): number => 4 * sizeOf(t.shape);
