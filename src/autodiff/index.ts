export * from './checkpoint.ts';
export * from './custom-vjp.ts';
export * from './grad.ts';
export * from './jacobian.ts';
export type { LeavesAs } from './leaves.ts';
export { hvp, jvp, vjp } from './products.ts';
