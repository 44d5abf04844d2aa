import type { DeviceArray } from '../device/array.ts';
import type { Op } from './op.ts';
import { checkShape, resolveAxis, type Shape, showShape, sizeOf } from './shape.ts';
import { type DType, Tensor } from './tensor.ts';

/** Values that exist before anything runs; no derivative flows out of the graph through them. */
const source = (name: string): Op => ({ name, vjp: () => [], lowering: { kind: 'source' } });

/** Argument number `index` of a traced function. */
const inputOp = source('input');
/** Numbers held by the host, uploaded when a plan that reads them is made. */
const hostOp = source('host');
/** Numbers that live on the device: outputs of compiled functions, state. */
const deviceOp = source('device');
const constantOp: Op = { name: 'constant', vjp: () => [], lowering: { kind: 'constant' } };
const iotaOp: Op = { name: 'iota', vjp: () => [], lowering: { kind: 'iota' } };

export type HostData = Float32Array | Int32Array;

/** Nested lists of numbers, as deep as the tensor's rank. */
export type Numbers = number | readonly Numbers[];

/**
 * A tensor from numbers: a number, nested lists, or a typed array with a shape. An `Int32Array` gives an i32 tensor,
 * all else f32 unless `dtype` says otherwise.
 * @throws when lists are ragged, the shape does not hold the data, or an i32 tensor is given what is no 32-bit integer.
 */
export function tensor(values: Numbers | HostData, shape?: Shape, dtype?: DType): Tensor {
  const typed = values instanceof Float32Array || values instanceof Int32Array;
  const given = typed ? [values.length] : shapeOfLists(values);
  const type = dtype ?? (values instanceof Int32Array ? 'i32' : 'f32');
  const finalShape = shape ?? given;
  checkShape('tensor', finalShape);
  const flat = typed ? values : (([values] as unknown[]).flat(Number.POSITIVE_INFINITY) as number[]);
  if (flat.length !== sizeOf(finalShape))
    throw new Error(
      `tensor: shape ${showShape(finalShape)} holds ${sizeOf(finalShape)} values, got ${flat.length}`,
    );
  if (type === 'i32' && !(values instanceof Int32Array)) for (const v of flat) checkInteger('tensor', v);
  // Always a copy: what the caller writes to its array later must not change a tensor.
  const data = type === 'f32' ? Float32Array.from(flat) : Int32Array.from(flat);
  return new Tensor(hostOp, [], { data }, finalShape, type);
}

/** Conversion would cut fractions off and wrap around what is too large, unseen. */
function checkInteger(op: string, value: number): void {
  if ((value | 0) !== value)
    throw new Error(
      `${op}: ${value} is not an integer from -2147483648 to 2147483647, as an i32 tensor holds; use f32, or round it first`,
    );
}

function shapeOfLists(values: Numbers): number[] {
  if (typeof values === 'number') return [];
  const inner = values.map(shapeOfLists);
  const first = inner[0] ?? [];
  if (inner.some((s) => showShape(s) !== showShape(first)))
    throw new Error(
      `tensor: ragged lists, rows have shapes ${[...new Set(inner.map(showShape))].join(' and ')}`,
    );
  return [values.length, ...first];
}

/** The host data behind a node made by `tensor`, if it is one. */
export const hostData = (t: Tensor): HostData | undefined =>
  t.op === hostOp ? (t.attrs.data as HostData) : undefined;

/** A tensor whose numbers live on the device. */
export const deviceTensor = (array: DeviceArray, shape: Shape, dtype: DType): Tensor =>
  new Tensor(deviceOp, [], { array }, shape, dtype);

/** The device array behind a node made by `deviceTensor`, if it is one. */
export const deviceArray = (t: Tensor): DeviceArray | undefined =>
  t.op === deviceOp ? (t.attrs.array as DeviceArray) : undefined;

/** The placeholder of a traced function's argument. */
export const input = (index: number, shape: Shape, dtype: DType): Tensor =>
  new Tensor(inputOp, [], { index }, shape, dtype);

/** The argument's position if `t` is the placeholder of one. */
export const inputIndex = (t: Tensor): number | undefined =>
  t.op === inputOp ? (t.attrs.index as number) : undefined;

function constant(op: string, shape: Shape, value: number, dtype: DType): Tensor {
  checkShape(op, shape);
  if (dtype === 'i32') checkInteger(op, value);
  return new Tensor(constantOp, [], { value }, shape, dtype);
}

/**
 * One number everywhere. It takes no memory on the device.
 * @throws when an i32 tensor is asked for with what is no 32-bit integer.
 */
export const full = (shape: Shape, value: number, dtype: DType = 'f32'): Tensor =>
  constant('full', shape, value, dtype);

/** 0 everywhere; takes no memory on the device. */
export const zeros = (shape: Shape, dtype: DType = 'f32'): Tensor => constant('zeros', shape, 0, dtype);

/** 1 everywhere; takes no memory on the device. */
export const ones = (shape: Shape, dtype: DType = 'f32'): Tensor => constant('ones', shape, 1, dtype);

/** The number a constant node holds, if `t` is one. */
export const constantValue = (t: Tensor): number | undefined =>
  t.op === constantOp ? (t.attrs.value as number) : undefined;

/**
 * Integers counting up from 0 along one axis of a tensor of this shape (i32); a negative axis counts from the end.
 * @throws when the shape has no such axis.
 */
export function iota(shape: Shape, axis: number): Tensor {
  checkShape('iota', shape);
  return new Tensor(iotaOp, [], { axis: resolveAxis('iota', axis, shape) }, shape, 'i32');
}
