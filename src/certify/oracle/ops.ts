import { grad } from '../../autodiff/index.ts';
import { add, mul, sum } from '../../ops/index.ts';
import type { Finding } from '../certify.ts';
import { magnitude } from '../compare.ts';
import type { OracleCall } from './attributes.ts';
import { buildCall } from './build.ts';
import { type Expectation, judge, unchecked } from './expectation.ts';
import { readJson, readValues, type Values, type Watch } from './folder.ts';

/**
 * Ops against a folder's values: value, first and second derivative. f32 carries 6e-8; sums of up to some hundred terms
 * and two nested derivatives leave a few 1e-6, so these leave room for the order of summation and nothing else.
 */
const bounds = { value: 1e-5, first: 5e-5, second: 5e-5 };

interface OpCase {
  readonly name: string;
  readonly call: OracleCall;
  readonly inputs: readonly string[];
}

function expectations({ name, call, inputs }: OpCase, values: Values): Expectation[] {
  const at = (key: string) => `${name}/${key}`;
  const x = Object.fromEntries(inputs.map((k) => [k, values.tensor(at(`in/${k}`))]));
  const y = buildCall(call, x);
  const value = {
    check: 'value',
    what: 'y',
    actual: y,
    expected: values.data(at('y')),
    shape: values.shape(at('y')),
  };
  const by = inputs.filter((k) => values.has(at(`g/${k}`)));
  const g = grad(sum(mul(y, values.tensor(at('r')))), Object.fromEntries(by.map((k) => [k, x[k]])));
  const turned = by.filter((k) => values.has(at(`u/${k}`)));
  const second = turned.map((k) => sum(mul(g[k], values.tensor(at(`u/${k}`)))));
  const gg = second.length > 0 ? grad(second.reduce(add), Object.fromEntries(by.map((k) => [k, x[k]]))) : {};
  const derivatives = [
    ...by.map((k) => ({ check: 'first', what: `g/${k}`, actual: g[k] })),
    ...Object.keys(gg).map((k) => ({ check: 'second', what: `gg/${k}`, actual: gg[k] })),
  ].map((d) => {
    // Where a second derivative is absent, it is identically zero.
    const known = values.has(at(d.what));
    const expected = known ? values.data(at(d.what)) : new Float32Array(d.actual.size);
    return { ...d, expected, shape: known ? values.shape(at(d.what)) : undefined };
  });
  const all = [value, ...derivatives];
  const among = Math.max(...all.map((e) => magnitude(e.expected)));
  return all.map((e) => ({ ...e, among, bound: bounds[e.check as keyof typeof bounds] }));
}

export async function checkOps(folder: string, { onCase, signal }: Watch): Promise<Finding[]> {
  const { cases } = readJson(folder, 'ops') as { cases?: OpCase[] };
  if (!Array.isArray(cases)) throw new Error('ops.json has no list "cases"');
  const values = readValues(folder, 'ops');
  const findings: Finding[] = [];
  for (const [i, c] of cases.entries()) {
    if (signal?.aborted) break;
    const [op, name] = [c.call?.op ?? 'ops', c.name ?? `case ${i}`];
    try {
      findings.push(...(await judge(op, name, expectations(c, values))));
    } catch (error) {
      findings.push(unchecked(op, name, error));
    }
    onCase?.(name);
  }
  return findings;
}
