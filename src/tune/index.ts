export { makeFolder, saveTuning } from './save.ts';
export type { Operand, Problem, Search, Value } from './searches.ts';
export { searchesFor } from './searches.ts';
export type { Choice, Trial, Tuned, TuneOptions } from './tune.ts';
export { choose, tune } from './tune.ts';
