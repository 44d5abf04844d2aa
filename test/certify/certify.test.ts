import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spread } from '../../src/certify/case.ts';
import {
  basisOf,
  type Case,
  certify,
  failureText,
  tableText,
  tabulate,
  uncertified,
} from '../../src/certify/index.ts';
import { type Op, Tensor } from '../../src/graph/index.ts';
import { mul, neg, square, tanh } from '../../src/ops/index.ts';
import { kernelOp } from '../../src/ops/kernel-op.ts';

/* The checks find what is wrong: each of these ops is mistaken in one way. */

const test = suite('certify');

const caseOf = (op: Op): Case => ({
  op: op.name,
  name: '[3,5]',
  inputs: [spread(3, 5)],
  build: (x) => new Tensor(op, [x], {}, x.shape, 'f32'),
});

const noBatch = () => {
  throw new Error('nothing is batched here');
};

const cube: Op = {
  name: 'cube',
  vjp: (node, g) => [mul(g, mul(square(node.inputs[0]), 3))],
  lowering: { kind: 'expand', expand: ({ inputs: [x] }) => mul(square(x), x), batch: noBatch },
};

/** The checks that an op fails. */
const failed = async (op: Op): Promise<string[]> => {
  const findings = await certify([caseOf(op)]);
  return [...new Set(findings.filter((f) => !f.ok).map((f) => f.check))];
};

test('a right op passes every check', async () => {
  assert.equal(await failed(cube), []);
});

test('a wrong rule differs from finite differences, and is named', async () => {
  const wrong: Op = {
    ...cube,
    name: 'mistaken',
    vjp: (node, g) => [mul(g, mul(square(node.inputs[0]), 3.01))],
  };
  const findings = await certify([caseOf(cube), caseOf(wrong)]);
  const failures = findings.filter((f) => !f.ok);
  assert.ok(failures.length > 0);
  assert.ok(failures.every((f) => f.op === 'mistaken' && f.check === 'differences'));
  assert.match(
    failureText(failures[0]),
    /^mistaken \[3,5\]: differences: error .* exceeds .* \(derivative 1\)$/,
  );
});

test('a rule that is wrong in the second derivative only is found there', async () => {
  const slope: Op = {
    name: 'slope',
    vjp: (node, g) => [mul(g, mul(node.inputs[0], 5))], // 6 x is right
    lowering: { kind: 'expand', expand: ({ inputs: [x] }) => mul(square(x), 3), batch: noBatch },
  };
  const late: Op = {
    ...cube,
    vjp: (node, g) => [mul(g, new Tensor(slope, node.inputs, {}, node.shape, 'f32'))],
  };
  const findings = await certify([caseOf(late)]);
  assert.match(findings.filter((f) => !f.ok).map(failureText)[0], /differences: .*derivative 2/);
});

test('a rule that is not linear in the cotangent breaks the identity', async () => {
  const wrong: Op = { ...cube, vjp: (node, g) => [mul(square(g), square(node.inputs[0]))] };
  const checks = await failed(wrong);
  assert.ok(checks.includes('identity') && checks.includes('identity on device'), `${checks}`);
});

test('a wrong kernel differs from float64 in value and in derivatives through it', async () => {
  const wrong: Op = {
    name: 'softsign',
    vjp: (_node, g) => [neg(g)],
    // The interpreter has no function of this name; so the value cannot be checked at all, which is a failure too.
    lowering: { kind: 'elementwise', wgsl: (a) => `(${a} / (F(1) + abs(${a})))` },
  };
  const findings = await certify([caseOf(wrong)]);
  assert.is(findings.length, 1);
  assert.is(findings[0].error, Number.POSITIVE_INFINITY);
  // tanh's reference, but another function on the device.
  const { lowering } = tanh(new Tensor(cube, [], {}, [1], 'f32')).op;
  assert.is(lowering.kind, 'elementwise');
  const mistaken: Op = {
    name: 'tanh',
    vjp: (node, g) => [mul(g, square(node).neg().add(1))],
    lowering: { kind: 'elementwise', wgsl: (a) => `(tanh(${a}) + F(0.001))` },
  };
  const checks = await failed(mistaken);
  assert.ok(checks.includes('value') && checks.includes('first'), `${checks}`);
  assert.not(checks.includes('differences'), 'the rule itself is right');
});

test('a rule that makes an op outside of the basis is told', async () => {
  const hidden = kernelOp('hidden', undefined, () => {
    throw new Error('never planned');
  });
  const leaving: Op = {
    ...cube,
    name: 'leaving',
    vjp: (node, g) => [new Tensor(hidden, [g], {}, node.shape, 'f32')],
  };
  const findings = await certify([caseOf(leaving)]);
  assert.match(
    failureText(findings[0]),
    /^leaving \[3,5\]: not checked: .*made for a device after differentiation/,
  );
  const private_: Op = { ...cube, name: 'private' };
  const escaping: Op = {
    ...cube,
    name: 'escaping',
    vjp: (node, g) => [mul(g, new Tensor(private_, node.inputs, {}, node.shape, 'f32'))],
  };
  const basis = basisOf([caseOf(escaping)]);
  assert.ok(
    basis.escapes.includes('a derivative holds private, which no public function makes'),
    `${basis.escapes}`,
  );
});

test('what no case certifies is listed', () => {
  assert.ok(uncertified([]).includes('conv2d'));
});

test('the table shows the worst of every op, and marks what is past its bound', () => {
  const finding = (error: number, name: string) =>
    ({ op: 'f', case: name, check: 'value', error, bound: 1e-5, ok: error <= 1e-5 }) as const;
  const rows = tableText(tabulate([finding(1e-6, 'a'), finding(3e-5, 'b'), finding(2e-6, 'c')]));
  assert.equal(rows, [
    ['op', 'cases', 'value', 'nearest to its bound'],
    ['f', '3', '3.0e-5!', 'value of b'],
  ]);
});

test('orders that are not certified are refused', async () => {
  for (const order of [-1, 4, 1.5])
    try {
      await certify([], { order });
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, /certify: order .* must be an integer from 0 to 3/);
    }
});

test.run();
