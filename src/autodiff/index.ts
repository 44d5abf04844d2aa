export * from './grad.ts';
