import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { allCases, certify, emptyAccepted, failureText, uncertified } from '../../src/certify/index.ts';

/* Every public op by value, first and second derivative; `medetection certify` goes to the third. */

const test = suite('every public op');

for (const op of new Set(allCases.map((c) => c.op)))
  test(op, async () => {
    const findings = await certify(
      allCases.filter((c) => c.op === op),
      { order: 2 },
    );
    assert.equal(findings.filter((f) => !f.ok).map(failureText), []);
    assert.ok(findings.length >= 1);
  });

test('every public function has a case', () => assert.equal(uncertified(allCases), []));

test('every case has a name of its own', () => {
  const names = allCases.map((c) => `${c.op} ${c.name}`);
  assert.equal(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
});

test('tensors without elements are refused', () => assert.equal(emptyAccepted(), []));

test.run();
