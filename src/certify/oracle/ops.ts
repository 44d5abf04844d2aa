import { grad } from '../../autodiff/index.ts';
import { add, mul, sum } from '../../ops/index.ts';
import type { Finding } from '../certify.ts';
import { magnitude } from '../compare.ts';
import type { OracleCall } from './attributes.ts';
import { buildCall } from './build.ts';
import { type Expectation, judge, unchecked } from './expectation.ts';
import { checkCases, readSettings, readValues, type Values, type Watch } from './folder.ts';

/**
 * Ops against a folder's values: value, first and second derivative. f32 carries 6e-8; sums of up to some hundred terms
 * and two nested derivatives leave a few 1e-6, so these leave room for the order of summation and nothing else.
 */
const bounds = { value: 1e-5, first: 5e-5, second: 5e-5 };

interface OpCase {
  readonly name: string;
  readonly call: OracleCall;
  readonly inputs: readonly string[];
  /** The inputs by which the second derivative is not identically zero, where the folder says so. */
  readonly second_order?: readonly string[];
}

/** Inputs by which a folder may give no derivatives: targets, and statistics of a trained network. */
const WITHOUT_DERIVATIVE = ['t', 'mean', 'variance'];

/** @throws unless the case says its op and its inputs */
function checkCase(c: OpCase): void {
  const { name, call, inputs, second_order: second } = c ?? {};
  if (typeof name !== 'string') throw new Error('the case has no text "name"');
  if (typeof call !== 'object' || call === null || typeof call.op !== 'string')
    throw new Error('the case has no "call" with the name of an "op"');
  const isNames = (list: unknown) => Array.isArray(list) && list.every((k) => typeof k === 'string');
  if (!isNames(inputs)) throw new Error('the case has no list "inputs" of names');
  if (second !== undefined && !isNames(second))
    throw new Error('the case\'s "second_order" is no list of names');
}

/** @throws when derivatives are missing, so that less would be checked than the case has */
function checkComplete(
  { name, second_order: second }: OpCase,
  floats: readonly string[],
  values: Values,
): void {
  const missing = (part: string, among: readonly string[]): void => {
    const absent = among.filter((k) => !values.has(`${name}/${part}/${k}`));
    if (absent.length > 0)
      throw new Error(`ops.safetensors lacks ${absent.map((k) => `"${name}/${part}/${k}"`).join(', ')}`);
  };
  const needed = floats.filter((k) => !WITHOUT_DERIVATIVE.includes(k));
  missing('g', needed);
  // Which second derivatives there are can only be told by the cotangents of all first ones.
  if (second?.length !== 0) missing('u', needed);
  missing('gg', second ?? []);
}

function expectations(c: OpCase, values: Values): Expectation[] {
  checkCase(c);
  const { name, call, inputs } = c;
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
  checkComplete(
    c,
    inputs.filter((k) => x[k].dtype === 'f32'),
    values,
  );
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
  const cases = checkCases('ops.json', '"cases"', readSettings(folder, 'ops').cases) as readonly OpCase[];
  const values = readValues(folder, 'ops');
  const findings: Finding[] = [];
  for (const [i, c] of cases.entries()) {
    if (signal?.aborted) break;
    const [op, name] = [String(c?.call?.op ?? 'ops'), String(c?.name ?? `case ${i}`)];
    try {
      findings.push(...(await judge(op, name, expectations(c, values))));
    } catch (error) {
      findings.push(unchecked(op, name, error));
    }
    onCase?.(name);
  }
  return findings;
}
