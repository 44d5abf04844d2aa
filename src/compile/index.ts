export { type Compiled, type CompileOptions, compile, type Passed } from './compile.ts';
export { evaluate } from './evaluate.ts';
export { makePlan } from './make-plan.ts';
export { planBytes, print } from './print-plan.ts';
