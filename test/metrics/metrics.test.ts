import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  auroc,
  aurocOfDecisions,
  averagePrecision,
  confusionMatrix,
  f1,
  precision,
  recall,
  rocCurve,
  summary,
} from '../../src/metrics/index.ts';

interface OracleCase {
  labels: number[];
  scores: number[];
  threshold: number;
  accuracy: number;
  recall: number;
  precision: number;
  f1: number;
  auroc: number;
  average_precision: number;
  fpr: number[];
  tpr: number[];
}
const cases: OracleCase[] = JSON.parse(
  readFileSync(new URL('../fixtures/oracle/metrics.json', import.meta.url), 'utf8'),
);
const near = (actual: number, expected: number, what: string) =>
  assert.ok(Math.abs(actual - expected) <= 1e-12, `${what}: ${actual} is not ${expected}`);

const test = suite('metrics');

test('agree with scikit-learn on every oracle case to 1e-12', () => {
  assert.ok(cases.length >= 12);
  cases.forEach((c, k) => {
    const s = summary(c.labels, c.scores, c.threshold);
    near(s.accuracy, c.accuracy, `case ${k} accuracy`);
    near(s.recall, c.recall, `case ${k} recall`);
    near(s.precision, c.precision, `case ${k} precision`);
    near(s.f1, c.f1, `case ${k} f1`);
    near(s.auroc, c.auroc, `case ${k} auroc`);
    near(s.averagePrecision, c.average_precision, `case ${k} average precision`);
    const roc = rocCurve(c.labels, c.scores);
    assert.is(roc.fpr.length, c.fpr.length, `case ${k} number of ROC points`);
    c.fpr.forEach((v, i) => {
      near(roc.fpr[i], v, `case ${k} fpr ${i}`);
    });
    c.tpr.forEach((v, i) => {
      near(roc.tpr[i], v, `case ${k} tpr ${i}`);
    });
  });
});

test('a score at the threshold is a positive decision', () => {
  assert.equal(confusionMatrix([1, 0, 1, 0], [0.5, 0.5, 0.4, 0.4], 0.5), {
    truePositive: 1,
    falsePositive: 1,
    falseNegative: 1,
    trueNegative: 1,
  });
});

test('AUROC by counting pairs, ties one half', () => {
  for (const c of cases) {
    let wins = 0;
    let pairs = 0;
    c.labels.forEach((a, i) => {
      c.labels.forEach((b, j) => {
        if (a !== 1 || b !== 0) return;
        pairs++;
        wins += c.scores[i] > c.scores[j] ? 1 : c.scores[i] === c.scores[j] ? 0.5 : 0;
      });
    });
    assert.is(auroc(c.labels, c.scores), wins / pairs);
  }
});

test('AUROC depends on the order only, infinities included', () => {
  assert.is(auroc([1, 1, 0, 0], [Infinity, 1, Infinity, -Infinity]), 0.625);
  assert.is(auroc([1, 1, 0, 0], [3, 2, 3, 1]), 0.625);
  assert.is(auroc([1, 0], [0, -0]), 0.5);
});

test('dropping intermediate ROC points keeps the line', () => {
  const area = (x: number[], y: number[]) =>
    x.slice(1).reduce((sum, v, k) => sum + ((v - x[k]) * (y[k + 1] + y[k])) / 2, 0);
  for (const c of cases) {
    const dropped = rocCurve(c.labels, c.scores, { dropIntermediate: true });
    near(area(dropped.fpr, dropped.tpr), c.auroc, 'area under the thinned curve');
  }
  // By hand: a perfect ranking needs only the corners, and the first score, which scikit-learn's rule always keeps.
  assert.equal(rocCurve([0, 0, 1, 1, 1, 0], [0.1, 0.2, 0.9, 0.8, 0.7, 0.3], { dropIntermediate: true }), {
    fpr: [0, 0, 0, 1],
    tpr: [0, 1 / 3, 1, 1],
    thresholds: [Infinity, 0.9, 0.7, 0.1],
  });
});

test('AUROC of decisions is the AUROC of the 0/1 decisions', () => {
  for (const c of cases) {
    const decisions = c.scores.map((s) => (s >= c.threshold ? 1 : 0));
    near(aurocOfDecisions(c.labels, c.scores, c.threshold), auroc(c.labels, decisions), 'auroc of decisions');
  }
});

test('boolean labels and typed arrays are accepted', () => {
  assert.is(auroc([true, false, true], Float32Array.of(2, 1, 3)), 1);
  assert.is(averagePrecision(Uint8Array.of(1, 0, 1), [2, 1, 3]), 1);
});

test('one class only: what is undefined is NaN and the rest is not', () => {
  const normal = summary([0, 0], [-1, 1]);
  assert.is(normal.accuracy, 0.5);
  assert.is(normal.precision, 0);
  assert.is(normal.f1, 0);
  for (const key of ['recall', 'auroc', 'aurocOfDecisions', 'averagePrecision'] as const) {
    assert.ok(Number.isNaN(normal[key]), key);
  }
  const defective = summary([1, 1], [-1, 1]);
  assert.is(defective.recall, 0.5);
  assert.is(defective.averagePrecision, 1);
  assert.ok(Number.isNaN(defective.auroc));
  assert.ok(rocCurve([1, 1], [-1, 1]).fpr.every(Number.isNaN));
  assert.equal(rocCurve([1, 1], [-1, 1]).tpr, [0, 0.5, 1]);
});

test('nothing called defective: precision is 0 if there was a defect, NaN if not', () => {
  const missed = confusionMatrix([0, 1], [-1, -1]);
  assert.equal([precision(missed), recall(missed), f1(missed)], [0, 0, 0]);
  const quiet = confusionMatrix([0, 0], [-1, -1]);
  assert.ok([precision(quiet), recall(quiet), f1(quiet)].every(Number.isNaN));
});

test('inputs on which a metric has no meaning are refused', () => {
  for (const metric of [auroc, averagePrecision, rocCurve, summary, aurocOfDecisions, confusionMatrix]) {
    assert.throws(() => metric([0, 1], [1]), /2 labels but 1 scores/);
    assert.throws(() => metric([], []), /no samples/);
    assert.throws(() => metric([0, 2], [1, 1]), /label 1 is 2/);
    assert.throws(() => metric([0, 1], [1, Number.NaN]), /score 1 is NaN/);
  }
  assert.throws(() => summary([0, 1], [1, 1], Number.NaN), /threshold is NaN/);
});

test.run();
