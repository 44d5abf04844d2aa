export * from './adam.ts';
export * from './sgd.ts';
