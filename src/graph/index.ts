export * from './op.ts';
export * from './order.ts';
export { describeOrigin, type Origin, scopes, withScope } from './origin.ts';
export * from './shape.ts';
export { full, type HostData, iota, type Numbers, ones, tensor, zeros } from './source.ts';
export * from './subgraph.ts';
export * from './tensor.ts';
export type { Tree } from './tree.ts';
export * as tree from './tree.ts';
