import * as ops from '../ops/index.ts';
import type { Case } from './case.ts';

/** Public functions of ops that no case certifies. */
export function uncertified(cases: readonly Case[]): string[] {
  const known = new Set(cases.map((c) => c.op));
  const functions = Object.entries(ops).filter(([, value]) => typeof value === 'function');
  return functions.map(([name]) => name).filter((name) => !known.has(name));
}
