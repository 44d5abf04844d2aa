export * from './batch.ts';
export * from './check-options.ts';
export * from './config.ts';
export * from './enrol.ts';
export * from './fine-tune.ts';
export * from './judging.ts';
export type { BlockParams, Pass } from './layers.ts';
export { type Learned, startOf } from './meta-objective.ts';
export * from './meta-options.ts';
export * from './meta-train.ts';
export * from './network.ts';
export { checkPreset, diffPresets, type PresetDifference, parsePreset, readPreset } from './preset-file.ts';
export * from './presets.ts';
export * from './run.ts';
export * from './run-detector.ts';
export * from './run-duplicates.ts';
export * from './run-enrol.ts';
export * from './run-episode.ts';
export * from './run-fine-tune.ts';
export * from './run-judgement.ts';
export * from './run-learned.ts';
export * from './run-meta-train.ts';
export * from './run-state.ts';
export * from './run-tasks.ts';
export * from './run-tensors.ts';
export * from './scorer.ts';
export {
  fromStateDict,
  isStateDict,
  publishedName,
  readStateDict,
  toStateDict,
  type Weights,
} from './state-dict.ts';
export * from './step-measures.ts';
export {
  falseAlarmWords,
  missWords,
  readTrust,
  separationWords,
  type Trust,
  trainingWords,
} from './trust.ts';
export * from './tuning.ts';
