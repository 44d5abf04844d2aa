import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { magnitude } from '../../src/certify/compare.ts';
import { evaluate } from '../../src/compile/index.ts';
import type { Tensor } from '../../src/graph/index.ts';
import { add, mul, sum } from '../../src/ops/index.ts';
import { assertClose } from '../support/assert-close.ts';
import { readFixtureJson, readFixtureTensors } from '../support/fixtures.ts';
import { buildOracleCall, type OracleCall } from '../support/oracle-ops.ts';

/*
 * Every op against PyTorch in float64: value, first and second derivative. Errors are relative to the tensor's largest
 * magnitude. f32 carries 6e-8; sums of up to some hundred terms and two nested derivatives leave a few 1e-6, so 1e-5 for
 * values and 5e-5 for derivatives leave room for the order of summation and nothing else.
 */
const tolerance = { value: 1e-5, first: 5e-5, second: 5e-5 };

interface Case {
  readonly name: string;
  readonly call: OracleCall;
  readonly inputs: readonly string[];
}

const { cases } = readFixtureJson('ops.json') as { cases: Case[] };
const tensors = readFixtureTensors('ops.safetensors');
const test = suite('ops against the oracle');

for (const { name, call, inputs } of cases)
  test(`${name}: value, first and second derivative`, async () => {
    const get = (key: string): Tensor => tensors.get(`${name}/${key}`)!;
    const x = Object.fromEntries(inputs.map((k) => [k, get(`in/${k}`)]));
    const y = buildOracleCall(call, x);
    const differentiable = inputs.filter((k) => tensors.has(`${name}/g/${k}`));
    assert.ok(differentiable.length > 0, 'the oracle differentiates some input');
    const leaves = Object.fromEntries(differentiable.map((k) => [k, x[k]]));
    const g = grad(sum(mul(y, get('r'))), leaves);
    const l2 = differentiable.map((k) => sum(mul(g[k], get(`u/${k}`)))).reduce(add);
    const gg = grad(l2, leaves);

    const wanted = [
      { what: 'value', actual: y, expected: get('y'), bound: tolerance.value },
      ...differentiable.map((k) => ({
        what: `first derivative by ${k}`,
        actual: g[k],
        expected: get(`g/${k}`),
        bound: tolerance.first,
      })),
      ...differentiable.map((k) => ({
        what: `second derivative by ${k}`,
        actual: gg[k],
        // Where the oracle lists none, it is identically zero.
        expected: tensors.get(`${name}/gg/${k}`),
        bound: tolerance.second,
      })),
    ];
    const computed = await evaluate(wanted.map((w) => w.actual));
    const expectations = await Promise.all(
      wanted.map(({ expected, actual }) => expected?.data() ?? new Float32Array(actual.size)),
    );
    const among = Math.max(...expectations.map(magnitude));
    for (const [i, { what, expected, bound, actual }] of wanted.entries()) {
      if (expected !== undefined) assert.equal(actual.shape, expected.shape, `${what}: shape`);
      assertClose(await computed[i].data(), expectations[i], bound, what, among);
    }
  });

test.run();
