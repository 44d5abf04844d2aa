// What makes tensors computable comes along: data(), item() and the ops as methods.
import '../compile/evaluate.ts';
import './fluent.ts';

export * from './batch-norm.ts';
export { broadcastTo, type ReduceOptions, sum } from './broadcast.ts';
export * from './concat.ts';
export * from './conv2d.ts';
export * from './coordinate-attention.ts';
export * from './elementwise.ts';
export * from './loss.ts';
export { type MatmulOptions, matmul } from './matmul.ts';
export * from './movement.ts';
export { avgPool2d, maxPool2d, maxPool2dWithCodes, type PoolOptions, spatialPyramidPool } from './pool.ts';
export * from './reduce.ts';
export * from './upsample.ts';
export type { Pair, PerAxis } from './window.ts';
