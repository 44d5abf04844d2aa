export * from './meta-steps.ts';
export * from './meta-train.ts';
export * from './reproduce.ts';
export * from './results.ts';
export * from './run-state.ts';
export * from './sinusoid/index.ts';
export * from './statistics.ts';
export * from './study.ts';
