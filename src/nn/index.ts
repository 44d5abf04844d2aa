export * from './enlarged.ts';
export * from './init.ts';
export * from './layers.ts';
export * from './statistics.ts';
