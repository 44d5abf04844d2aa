export * from './batched.ts';
export * from './conjugate-gradient.ts';
export * from './inner-loop.ts';
export * from './maml.ts';
export * from './maml-plus-plus.ts';
export * from './rates.ts';
export * from './reptile.ts';
export * from './variants.ts';
