export * from './evaluate.ts';
export * from './model.ts';
export * from './settings.ts';
export * from './study.ts';
export * from './tasks.ts';
export * from './train.ts';
