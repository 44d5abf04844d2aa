export * from './autodiff/index.ts';
export * from './compile/index.ts';
export * from './device/index.ts';
export * from './graph/index.ts';
export * from './meta/index.ts';
export * from './nn/index.ts';
export * from './ops/index.ts';
export * from './optim/index.ts';
export { Random } from './random.ts';
