export * from './batch.ts';
export * from './config.ts';
export * from './fine-tune.ts';
export * from './meta-train.ts';
export * from './network.ts';
export * from './scorer.ts';
