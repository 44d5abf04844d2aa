import { rocCurve, summary } from '../../metrics/index.ts';
import type { Finding } from '../certify.ts';
import { unchecked } from './expectation.ts';
import { checkCases, readJson, type Watch } from './folder.ts';

/** Both sides are computed in float64. */
const BOUND = 1e-12;

interface MetricsCase {
  readonly labels: readonly number[];
  readonly scores: readonly number[];
  readonly threshold?: number;
  readonly fpr?: readonly number[];
  readonly tpr?: readonly number[];
  readonly [measure: string]: unknown;
}

const names = {
  accuracy: 'accuracy',
  recall: 'recall',
  precision: 'precision',
  f1: 'f1',
  auroc: 'auroc',
  averagePrecision: 'average_precision',
} as const;

/** The largest difference; infinite where a measure is undefined (NaN) or the lists differ in length. */
const apart = (actual: readonly number[], expected: readonly number[]): number => {
  const differences = actual.map((v, i) => Math.abs(v - expected[i]));
  const comparable = actual.length === expected.length && !differences.some(Number.isNaN);
  return comparable ? differences.reduce((a, b) => Math.max(a, b), 0) : Number.POSITIVE_INFINITY;
};

function findingsOf(c: MetricsCase, name: string): Finding[] {
  if (!Array.isArray(c?.labels) || !Array.isArray(c.scores))
    throw new Error('the case has no lists "labels" and "scores"');
  const measures = summary(c.labels, c.scores, c.threshold);
  const finding = (check: string, error: number): Finding => ({
    op: 'metrics',
    case: name,
    check,
    error,
    bound: BOUND,
    ok: error <= BOUND,
  });
  const strange = Object.keys(c).find(
    (key) => typeof c[key] === 'number' && key !== 'threshold' && !Object.values<string>(names).includes(key),
  );
  if (strange !== undefined)
    throw new Error(`measure ${strange} is unknown; there are ${Object.values(names).join(', ')}`);
  const known = (Object.keys(names) as (keyof typeof names)[]).filter(
    (key) => typeof c[names[key]] === 'number',
  );
  if (known.length === 0) throw new Error(`the case has none of ${Object.values(names).join(', ')}`);
  const error = apart(
    known.map((key) => measures[key]),
    known.map((key) => c[names[key]] as number),
  );
  const findings = [finding('measures', error)];
  if (c.fpr === undefined || c.tpr === undefined) return findings;
  // scikit-learn leaves points inside straight runs out unless asked not to.
  const full = rocCurve(c.labels, c.scores);
  const curve =
    full.fpr.length === c.fpr.length ? full : rocCurve(c.labels, c.scores, { dropIntermediate: true });
  return [...findings, finding('ROC', Math.max(apart(curve.fpr, c.fpr), apart(curve.tpr, c.tpr)))];
}

export async function checkMetrics(folder: string, { onCase }: Watch): Promise<Finding[]> {
  const cases = checkCases('metrics.json', 'of cases', readJson(folder, 'metrics'));
  return (cases as MetricsCase[]).flatMap((c, i) => {
    const name = `case ${i}`;
    onCase?.(name);
    try {
      return findingsOf(c, name);
    } catch (error) {
      return [unchecked('metrics', name, error)];
    }
  });
}
