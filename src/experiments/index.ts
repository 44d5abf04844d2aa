/** The paper's tables and figures, measured again: cells, what runs them, and what they come to. */
export {
  type Cell,
  cellFiles,
  type FineTuneResult,
  type LocaliseResult,
  type MetaTrainResult,
  type Result,
  readCell,
  writeCells,
} from './cell.ts';
export {
  type Collection,
  cellsOfRequest,
  collect,
  completeness,
  csv,
  markdown,
  writeCollection,
} from './collect.ts';
export { estimate } from './estimate.ts';
export { experiments } from './experiments.ts';
export { type Printed, readPrinted } from './printed.ts';
export { type Experiment, shown, type Table } from './report.ts';
export { makeRequest, type Request, readRequest, writeRequest } from './request.ts';
export { runCell } from './run-cell.ts';
export { type ScaleName, scaleNames } from './scales.ts';
export { type Outcome, runCells, withNeeds } from './schedule.ts';
export { writeSlurm } from './slurm.ts';
