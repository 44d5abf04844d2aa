export * from './adam.ts';
export * from './momentum.ts';
export * from './optimiser.ts';
export * from './schedule.ts';
export * from './sgd.ts';
