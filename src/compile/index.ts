export { type Compiled, type CompileOptions, compile, type Passed } from './compile.ts';
export { evaluate } from './evaluate.ts';
export { makePlan, type PlanOptions } from './make-plan.ts';
export { type MemoryReport, memoryLine, memoryReport, type PlanValue, printMemory } from './memory-report.ts';
export { planBytes, print } from './print-plan.ts';
