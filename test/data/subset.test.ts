import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { capClasses, chooseShots, type Sample } from '../../src/data/index.ts';

const samples = (good: number, kinds: Record<string, number>): Sample[] =>
  Object.entries({ good, ...kinds }).flatMap(([kind, count]) =>
    Array.from({ length: count }, (_, i): Sample => {
      const id = `${kind}/${String(i).padStart(3, '0')}.png`;
      return { id, path: `/task/${id}`, label: kind === 'good' ? 0 : 1, kind };
    }),
  );
const count = (chosen: readonly Sample[]) =>
  chosen.reduce<Record<string, number>>((counts, { kind }) => {
    counts[kind] = (counts[kind] ?? 0) + 1;
    return counts;
  }, {});
const task = samples(30, { crack: 20, hole: 2, stain: 10 });

test('a cap is of each class, and kinds of defect come in turn', () => {
  assert.equal(count(capClasses(task, 11, 0)), { good: 11, crack: 5, hole: 2, stain: 4 });
  assert.equal(
    capClasses(task, 100, 0),
    [...task].sort((a, b) => (a.id < b.id ? -1 : 1)),
  );
});

test('shots are half defective, and what one class lacks comes from the other', () => {
  assert.equal(count(chooseShots(task, 20, 0)), { good: 10, crack: 4, hole: 2, stain: 4 });
  assert.equal(count(chooseShots(samples(30, { crack: 3 }), 20, 0)), { good: 17, crack: 3 });
  assert.equal(count(chooseShots(samples(3, { crack: 30 }), 20, 0)), { good: 3, crack: 17 });
  assert.is(chooseShots(task, 1000, 0).length, task.length);
});

test('what is drawn depends on the seed, and on the order of the files not', () => {
  const ids = (chosen: readonly Sample[]) => chosen.map(({ id }) => id);
  const backwards = [...task].reverse();
  for (const draw of [capClasses, chooseShots]) {
    assert.equal(ids(draw(task, 8, 1)), ids(draw(backwards, 8, 1)));
    assert.not.equal(ids(draw(task, 8, 1)), ids(draw(task, 8, 2)));
    assert.throws(() => draw(task, 0, 1), /must be an integer of at least/);
  }
});

test.run();
