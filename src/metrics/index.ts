/** Metrics of a defect detector; defective is the positive class. */
export { type BootstrapOptions, type Bootstrapped, bootstrap, type Interval, isPoint } from './bootstrap.ts';
export { connectedComponents } from './components.ts';
export { accuracy, type Confusion, confusionMatrix, f1, precision, recall } from './confusion.ts';
export { type Decision, decide } from './decision.ts';
export {
  type DecisionRule,
  decisionRuleWords,
  isDecisionRule,
  parseDecisionRule,
} from './decision-rule.ts';
export type { Labels, Scores } from './inputs.ts';
export * from './measures.ts';
export type { Maps, Masks } from './pixel-inputs.ts';
export { iou, type Margin, pointingGame } from './pixel-overlap.ts';
export { pixelAuroc, pro } from './pixel-ranking.ts';
export { proportionInterval } from './proportion.ts';
export { auroc, aurocOfDecisions, averagePrecision, type RocCurve, rocCurve } from './ranking.ts';
export { type Metric, type Summary, summary, summaryIntervals } from './summary.ts';
