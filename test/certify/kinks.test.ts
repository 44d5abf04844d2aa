import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import type { Finding } from '../../src/certify/certify.ts';
import { noteText } from '../../src/certify/index.ts';
import { judge } from '../../src/certify/oracle/expectation.ts';
import { besideKinks, type Change } from '../../src/certify/oracle/kinks.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import { relu } from '../../src/ops/index.ts';

const test = suite('gradients at kinks');

/** x0 + x1 is where relu's slope jumps, or not. */
const AT_KINK = [1, -1, 3];
const AWAY = [1, 1, 3];

/** relu(x0 + x1 + s) w0 + x2 w1: its slope by s is w0 or 0. */
const loss = (w: Tensor, s: Tensor, x: Tensor): Tensor => {
  const sum = x.slice([0], [2]).sum().add(s);
  return relu(sum)
    .mul(w.slice([0], [1]))
    .add(x.slice([2], [3]).mul(w.slice([1], [2])))
    .sum();
};

/** What is found of the gradients at x, of which `expected` are right, and how often they were computed. */
async function found(
  x: readonly number[],
  expected: { readonly w: readonly number[]; readonly s: readonly number[] },
): Promise<{ finding: Finding; computed: number }> {
  const at = async (values: Float32Array): Promise<Finding> => {
    computed++;
    const [w, s] = [tensor([2, 5]), tensor([0])];
    const g = grad(loss(w, s, tensor(values)), { w, s });
    const expect = (what: 'w' | 's') => ({
      check: 'gradient',
      what,
      actual: g[what],
      expected: expected[what],
      bound: 2e-4,
      among: 0,
    });
    return (await judge('test', 'relu', [expect('w'), expect('s')]))[0];
  };
  let computed = 0;
  const finding = await besideKinks(await at(Float32Array.from(x)), (change: Change) => at(change(x)));
  return { finding, computed };
}

test('away from kinks, the given inputs are judged alone', async () => {
  const right = await found(AWAY, { w: [2, 3], s: [2] });
  assert.equal([right.finding.ok, right.finding.note, right.computed], [true, undefined, 1]);
});

test('at a kink the gradient of either side is right, and that is said', async () => {
  const notes: string[] = [];
  for (const s of [0, 2]) {
    const { finding } = await found(AT_KINK, { w: [0, 3], s: [s] });
    assert.ok(finding.ok, finding.detail);
    if (finding.note !== undefined) notes.push(noteText(finding));
  }
  assert.is(notes.length, 1, 'one side is that of the given inputs');
  assert.match(
    notes[0],
    /^test relu: gradient: the inputs are at a kink.* exceeds 2\.0e-4 there, and is .* at inputs that differ by 1\.2e-7$/,
  );
});

test('what is wrong at every input fails, at a kink and away from one', async () => {
  for (const [x, expected, message] of [
    [AWAY, { w: [2, 3.03], s: [2] }, /^w: /],
    [AT_KINK, { w: [0, 3.03], s: [2] }, /^[ws]: /],
    [AT_KINK, { w: [0, 3], s: [2.02] }, /^s: /],
  ] as const) {
    const { finding, computed } = await found(x, expected);
    assert.is(finding.ok, false);
    assert.match(finding.detail ?? '', message);
    assert.match(
      finding.detail ?? '',
      /, and at 16 inputs that differ by up to 9\.5e-7 it is past the bound too$/,
    );
    assert.is(finding.note, undefined);
    assert.is(computed, 17);
  }
});

test('a number that is missing is no kink', async () => {
  const { finding, computed } = await found(AWAY, { w: [2, Number.NaN], s: [2] });
  assert.equal([finding.ok, computed], [false, 1]);
});

test.run();
