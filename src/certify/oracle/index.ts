import type { Finding } from '../certify.ts';
import { unchecked } from './expectation.ts';
import { type Part, parts, partsOf, type Watch } from './folder.ts';
import { checkMaml } from './maml.ts';
import { checkMedetection } from './medetection.ts';
import { checkMetrics } from './metrics.ts';
import { checkOps } from './ops.ts';

/** What a folder of reference values was found to have, and how far the numbers are from it. */
export interface OracleReport {
  readonly findings: readonly Finding[];
  /** Parts that the folder does not have. */
  readonly absent: readonly Part[];
}

const checks: Readonly<Record<Part, (folder: string, watch: Watch) => Promise<Finding[]>>> = {
  ops: checkOps,
  maml: checkMaml,
  medetection: checkMedetection,
  metrics: checkMetrics,
};

/**
 * Checks the framework against a folder of reference values, by what its JSON says: `ops.json`, `maml.json`,
 * `medetection.json` and `metrics.json` with the tensors in `.safetensors` files of the same names, as
 * `bench/peers/oracle_torch.py` writes them. A part that cannot be read is a finding like any other.
 * @throws when there is no such folder or nothing in it
 */
export async function certifyOracle(folder: string, watch: Watch = {}): Promise<OracleReport> {
  const found = partsOf(folder);
  const findings: Finding[] = [];
  for (const part of found) {
    if (watch.signal?.aborted) break;
    try {
      findings.push(...(await checks[part](folder, watch)));
    } catch (error) {
      findings.push(unchecked(part, `${part}.json`, error));
    }
  }
  return { findings, absent: parts.filter((part) => !found.includes(part)) };
}
