import { evaluate } from '../compile/index.ts';
import type { HostData, Tensor } from '../graph/index.ts';
import { bounds, byOrder, type Check, HIGHEST_ORDER } from './bounds.ts';
import type { Case } from './case.ts';
import { deviation, magnitude } from './compare.ts';
import { type Drawn, draw } from './derivatives.ts';
import { reference } from './reference.ts';
import { differenceError, identityError, identityErrorOf } from './rules.ts';

/** One thing measured of one case. */
export interface Finding {
  readonly op: string;
  readonly case: string;
  readonly check: string;
  /** Infinite where a number is missing, or where nothing could be computed. */
  readonly error: number;
  readonly bound: number;
  readonly ok: boolean;
  /** False where nothing could be compared; then the bound says nothing. */
  readonly checked?: false;
  /** What went wrong, in words. */
  readonly detail?: string;
  /** On what terms it is within its bound, where that takes words. */
  readonly note?: string;
}

export interface CertifyOptions {
  /** Highest order of derivative, from 0 to 3 (default 3). */
  readonly order?: number;
  /** Is told of every case that is done. */
  readonly onCase?: (c: Case, findings: readonly Finding[]) => void;
  readonly signal?: AbortSignal;
}

/** Cases computed in one submit: enough to be quick, few enough to be told of on the way. */
const TOGETHER = 8;

/**
 * Checks cases on the default device: value and derivatives against the interpreter in float64, the rules against finite
 * differences, and the identity <u, Jv> = <J^T u, v>. What a case throws is a finding of its own. A raised signal ends the
 * work early.
 */
export async function certify(cases: readonly Case[], options: CertifyOptions = {}): Promise<Finding[]> {
  const { order = HIGHEST_ORDER, onCase, signal } = options;
  if (!Number.isInteger(order) || order < 0 || order > HIGHEST_ORDER)
    throw new Error(`certify: order ${order} must be an integer from 0 to ${HIGHEST_ORDER}`);
  const findings: Finding[] = [];
  for (let i = 0; i < cases.length && !signal?.aborted; i += TOGETHER)
    for (const checked of await checkTogether(cases.slice(i, i + TOGETHER), order)) {
      findings.push(...checked.findings);
      onCase?.(checked.case, checked.findings);
    }
  return findings;
}

interface Checked {
  readonly case: Case;
  readonly findings: readonly Finding[];
}

async function checkTogether(cases: readonly Case[], order: number): Promise<Checked[]> {
  try {
    const drawn = cases.map((c) => draw(c, order));
    const values = await valuesOf(drawn.flatMap(computed));
    let next = 0;
    return drawn.map((d) => {
      const own = values.slice(next, next + computed(d).length);
      next += own.length;
      return { case: d.case, findings: [...deviceFindings(d, own), ...ruleFindings(d)] };
    });
  } catch (error) {
    if (cases.length === 1) return [{ case: cases[0], findings: [broken(cases[0], error as Error)] }];
    const alone: Checked[] = [];
    for (const c of cases) alone.push(...(await checkTogether([c], order)));
    return alone;
  }
}

const finding = (c: Case, check: Check, error: number, detail?: string): Finding => {
  const bound = Math.max(bounds[check], (onDevice(check) && c.allowance?.error) || 0);
  return { op: c.op, case: c.name, check, error, bound, ok: error <= bound, detail };
};

const onDevice = (check: Check): boolean => check !== 'differences' && check !== 'identity';

const broken = (c: Case, { message }: Error): Finding => ({
  ...finding(c, 'value', Number.POSITIVE_INFINITY, message),
  checked: false,
});

/** Everything of a case that the device computes: what it gives order by order, then both sides of the identity. */
const computed = ({ outputs, orders, identity }: Drawn): Tensor[] => [
  ...outputs,
  ...orders.flatMap((o) => o.gradients),
  ...(identity ? [...identity.pushed, ...identity.pulled] : []),
];

async function valuesOf(tensors: readonly Tensor[]): Promise<HostData[]> {
  const arrays = await evaluate(tensors);
  try {
    const values: HostData[] = [];
    for (const t of arrays) values.push(await t.data());
    return values;
  } finally {
    for (const t of arrays) t.dispose();
  }
}

function deviceFindings(d: Drawn, values: readonly HostData[]): Finding[] {
  const levels = [d.outputs, ...d.orders.map((o) => o.gradients)];
  const expected = reference(levels.flat());
  let next = 0;
  // What is zero but for rounding is measured against the values that it comes from.
  let among = 0;
  const findings = levels.map((level, order) => {
    const first = next;
    next += level.length;
    among = Math.max(among, ...expected.slice(first, next).map(magnitude));
    let worst = { error: 0, detail: '' };
    level.forEach((node, i) => {
      const [actual, wanted] = [values[first + i], expected[first + i]];
      const { error, at } = deviation(actual, wanted, among);
      const detail = `${node}: [${at}] is ${actual[at]}, not ${wanted[at]}`;
      // An integer is right or wrong.
      const graded = node.dtype === 'i32' && error > 0 ? Number.POSITIVE_INFINITY : error;
      if (graded > worst.error) worst = { error: graded, detail };
    });
    return finding(d.case, byOrder[order], worst.error, worst.detail);
  });
  if (d.identity === undefined) return findings;
  const { u, v, pushed } = d.identity;
  const sides = values.slice(next);
  const error = identityError(
    reference(u),
    sides.slice(0, pushed.length),
    sides.slice(pushed.length),
    reference(v),
  );
  return [...findings, finding(d.case, 'identity on device', error)];
}

function ruleFindings({ case: c, orders, by, identity, random }: Drawn): Finding[] {
  if (identity === undefined) return [];
  const differences = orders.map((order, k) => {
    const error = differenceError(order, by, random.fork(`differences ${k}`));
    return finding(c, 'differences', error, `derivative ${k + 1}`);
  });
  return [...differences, finding(c, 'identity', identityErrorOf(identity))];
}
