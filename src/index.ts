export * from './autodiff/index.ts';
export * from './compile/index.ts';
export * from './device/index.ts';
export * from './graph/index.ts';
export * from './ops/index.ts';
