export * from './adam.ts';
export * from './momentum.ts';
export * from './optimiser.ts';
export * from './sgd.ts';
