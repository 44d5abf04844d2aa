import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  confusionMatrix,
  type DecisionRule,
  decide,
  f1,
  isDecisionRule,
  parseDecisionRule,
} from '../../src/metrics/index.ts';
import { Random } from '../../src/random.ts';

const test = suite('decision');

/** Scores with many ties, or hardly any. */
function drawn(seed: number): { labels: number[]; scores: number[] } {
  const random = new Random(seed);
  const n = 2 + random.int(12);
  const levels = random.int(2) === 0 ? 4 : 1000;
  const labels = [0, 1, ...Array.from({ length: n }, () => random.int(2))];
  return { labels, scores: labels.map((label) => label + random.int(levels) / 8 - 2) };
}

/** Every way of parting the distinct scores, from nothing called to everything called. */
const allCuts = (scores: readonly number[]): number[] => [
  Number.POSITIVE_INFINITY,
  ...[...new Set(scores)].sort((a, b) => b - a),
];

/** The lowest score called by the best cut: among equals the one that calls most. */
function bestByBruteForce(
  labels: number[],
  scores: number[],
  worth: (c: ReturnType<typeof confusionMatrix>) => number,
): number {
  const worths = allCuts(scores).map((cut) => worth(confusionMatrix(labels, scores, cut)));
  return allCuts(scores)[worths.lastIndexOf(Math.max(...worths))];
}

test('every rule calls what an exhaustive search calls, ties included', () => {
  for (let seed = 0; seed < 300; seed++) {
    const { labels, scores } = drawn(seed);
    const normals = labels.filter((label) => label === 0).length;
    const rate = [0, 0.1, 0.25, 0.5][seed % 4];
    const rules: [DecisionRule, (c: ReturnType<typeof confusionMatrix>) => number][] = [
      ['f1', f1],
      ['cost:3', (c) => -(c.falsePositive + 3 * c.falseNegative)],
      ['cost:0.5', (c) => -(c.falsePositive + 0.5 * c.falseNegative)],
      [`fpr:${rate}`, (c) => (c.falsePositive <= rate * normals ? 1 : 0)],
    ];
    for (const [rule, worth] of rules) {
      const { threshold } = decide(rule, labels, scores);
      const expected = bestByBruteForce(labels, scores, worth);
      assert.equal(
        scores.map((score) => score >= threshold),
        scores.map((score) => score >= expected),
        `${rule}, seed ${seed}`,
      );
    }
  }
});

test('a threshold lies midway between the scores that it parts', () => {
  assert.equal(decide('f1', [0, 0, 1, 1], [-2, 1, 4, 9]), { rule: 'f1', threshold: 2.5 });
  // Two of four normals may be called: those at 1 and at 3, with the defect between.
  assert.is(decide('fpr:0.5', [0, 0, 0, 1, 0], [-4, -1, 1, 2, 3]).threshold, 0);
  // The two normals at 1 are called together or not at all.
  assert.is(decide('fpr:0.25', [0, 0, 0, 0, 1], [-4, 0, 1, 1, 5]).threshold, 3);
});

test('beyond the outermost scores a threshold lies half as far as the next score within', () => {
  // A false alarm costs more than both misses: nothing is called.
  assert.is(decide('cost:0.1', [1, 0], [1, 5]).threshold, 7);
  // A miss costs more than all false alarms: everything is called.
  assert.is(decide('cost:100', [1, 0], [1, 5]).threshold, -1);
  assert.is(decide('fpr:0', [0, 0, 1], [-2, 2, 0]).threshold, 3);
});

test('what a miss costs moves the threshold down', () => {
  const labels = [0, 1, 0, 0, 1, 1];
  const scores = [0, 1, 2, 3, 4, 5];
  assert.is(decide('cost:1', labels, scores).threshold, 3.5);
  // Two false alarms against one miss: equally good at 2, and then the lower one is taken.
  assert.is(decide('cost:2', labels, scores).threshold, 0.5);
});

test('neighbouring numbers with none between them are parted by the upper one', () => {
  const [below, above] = [1, 1 + Number.EPSILON];
  assert.is(decide('f1', [0, 1], [below, above]).threshold, above);
  const { threshold } = decide('fpr:0', [0, 0], [below, above]);
  assert.ok(threshold > above);
  assert.ok(decide('cost:9', [1, 1, 0], [below, above, 3]).threshold < below);
});

test('rounding takes no allowed false alarm away', () => {
  // 0.29 x 100 is 28.999999999999996.
  const scores = Array.from({ length: 100 }, (_, i) => i);
  assert.is(decide('fpr:0.29', new Array(100).fill(0), scores).threshold, 70.5);
});

test('a number is the threshold, whatever validation is', () => {
  assert.equal(decide(-1.5, [0, 1], [3, 4]), { rule: -1.5, threshold: -1.5 });
  assert.equal(decide(0.25, [1, 1], [3, 3]), { rule: 0.25, threshold: 0.25 });
});

test('no defective sample: fpr goes by the normals, f1 and cost become fpr:0.05, and the note says so', () => {
  const labels = new Array(40).fill(0);
  const scores = labels.map((_, i) => i);
  const unknown = 'validation has no defective sample: what the threshold misses is unknown';
  assert.equal(decide('fpr:0.1', labels, scores), { rule: 'fpr:0.1', threshold: 35.5, note: unknown });
  for (const rule of ['f1', 'cost:10'] as const)
    assert.equal(decide(rule, labels, scores), {
      rule,
      threshold: 37.5,
      note: `validation has no defective sample, so ${rule} cannot be decided: the threshold is that of fpr:0.05, and what it misses is unknown`,
    });
});

test('fewer normals than the rate can be seen on: above all of them, with the bound of Beta(1, n)', () => {
  const labels = [0, 0, 0, 0, 0, 0, 0, 0, 1];
  const scores = [0, 1, 2, 3, 4, 5, 6, 7, 9];
  const { threshold, note } = decide('fpr:0.05', labels, scores);
  assert.is(threshold, 8);
  assert.is(
    note,
    '5% of 8 normal samples is less than one: the threshold lies above all of them, and up to 31% of others may still be called defective (with 95% confidence)',
  );
  assert.is(decide('fpr:0.125', labels, scores).note, undefined);
  assert.is(decide('fpr:0', labels, scores).note, undefined);
  // Of the rule that steps in, too.
  assert.match(decide('f1', [0, 0], [1, 2]).note!, /no defective sample, so f1 .*; 5% of 2 normal samples/);
});

test('no normal sample: every rule gives 0 and says so', () => {
  for (const rule of ['f1', 'cost:10', 'fpr:0.05'] as const) {
    const { threshold, note } = decide(rule, [1, 1], [3, 4]);
    assert.is(threshold, 0);
    assert.match(note!, new RegExp(`no normal sample, so ${rule} cannot be decided: the threshold is 0`));
  }
});

test('equal scores: all or nothing is called, and the note says so', () => {
  const labels = [0, 1, 0, 1];
  for (const score of [0, 3, -3, 1e20]) {
    const scores = labels.map(() => score);
    const all = decide('f1', labels, scores);
    assert.ok(score >= all.threshold);
    assert.match(all.note!, /all 4 validation scores are .*: no threshold tells the samples apart/);
    assert.ok(score < decide('fpr:0.4', labels, scores).threshold);
    assert.ok(score < decide('cost:0.5', labels, scores).threshold);
  }
});

test('a rule is typed as it is stored', () => {
  for (const rule of ['f1', 'fpr:0.05', 'fpr:0', 'cost:10', 'cost:1e-3'])
    assert.is(parseDecisionRule(rule), rule);
  assert.is(parseDecisionRule('-1.5'), -1.5);
  assert.is(parseDecisionRule('0'), 0);
});

test('what is no rule is refused, with what there is', () => {
  const wrong = ['', ' ', 'f2', 'F1', 'f1:2', 'fpr', 'fpr:', 'fpr:1', 'fpr:-0.1', 'fpr:5%', 'fpr: 0.1'];
  for (const text of [...wrong, 'cost:0', 'cost:-1', 'cost:x', 'NaN', 'Infinity', 'cost:Infinity', '1,5']) {
    assert.throws(() => parseDecisionRule(text), /it must be f1, fpr:RATE .*, cost:RATIO .* or a number/);
    assert.not.ok(isDecisionRule(text), text);
    assert.throws(() => decide(text as DecisionRule, [0, 1], [0, 1]), /it must be f1, fpr:RATE/);
  }
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, null, undefined, {}, ['f1']])
    assert.not.ok(isDecisionRule(value), String(value));
});

test('samples on which nothing can be decided are refused', () => {
  assert.throws(() => decide('f1', [], []), /decide: no samples/);
  assert.throws(() => decide('f1', [0, 1], [1]), /2 labels but 1 scores/);
  assert.throws(() => decide('f1', [0, 2], [1, 2]), /label 1 is 2/);
  assert.throws(() => decide('f1', [0, 1], [1, Number.NaN]), /score 1 is NaN/);
  assert.throws(() => decide('f1', [0, 1], [1, Infinity]), /a score is Infinity/);
  assert.throws(() => decide('f1', [0, 1], [-Infinity, 1]), /a score is -Infinity/);
});

test.run();
