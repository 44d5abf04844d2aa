export * from './batched.ts';
export * from './inner-loop.ts';
export * from './maml.ts';
export * from './variants.ts';
