/** Metrics of a defect detector; defective is the positive class. */
export { accuracy, type Confusion, confusionMatrix, f1, precision, recall } from './confusion.ts';
export type { Labels, Scores } from './inputs.ts';
export { auroc, aurocOfDecisions, averagePrecision, type RocCurve, rocCurve } from './ranking.ts';
export { type Summary, summary } from './summary.ts';
