export * from './vmap.ts';
