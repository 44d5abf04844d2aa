export * from './maml.ts';
