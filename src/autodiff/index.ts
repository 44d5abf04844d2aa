export * from './checkpoint.ts';
export * from './custom-vjp.ts';
export { type GradOptions, grad, pullback, valueAndGrad } from './grad.ts';
export * from './jacobian.ts';
export type { LeavesAs } from './leaves.ts';
export { hvp, jvp, vjp } from './products.ts';
