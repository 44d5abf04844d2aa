export * from './data.ts';
export * from './evaluate.ts';
export * from './networks.ts';
export * from './settings.ts';
export * from './study.ts';
export * from './tasks.ts';
export * from './train.ts';
