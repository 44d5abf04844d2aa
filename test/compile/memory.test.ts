import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assignSlots, type Lifetime } from '../../src/compile/memory.ts';
import { Random } from '../../src/random.ts';

const test = suite('memory planner');

/** Most bytes alive at one time: no assignment can do with less. */
const peak = (lifetimes: readonly Lifetime[]): number =>
  Math.max(
    ...lifetimes.map(({ from }) =>
      lifetimes.filter((l) => l.from <= from && from <= l.to).reduce((n, l) => n + l.bytes, 0),
    ),
  );

test('values alive together never share a slot, and every value fits its slot', () => {
  const random = new Random('slots');
  for (let round = 0; round < 300; round++) {
    const lifetimes = Array.from({ length: 1 + random.int(40) }, (): Lifetime => {
      const from = random.int(30) - 1;
      const to = random.int(12) === 0 ? Number.POSITIVE_INFINITY : from + random.int(8);
      return { bytes: 4 * (1 + random.int(random.int(2) ? 5000 : 20)), from, to };
    });
    const { slotOf, slots } = assignSlots(lifetimes);
    lifetimes.forEach((a, i) => {
      assert.ok(slots[slotOf[i]].bytes >= a.bytes, `round ${round}: value ${i} fits`);
      lifetimes.slice(0, i).forEach((b, j) => {
        const together = a.from <= b.to && b.from <= a.to;
        assert.ok(!together || slotOf[i] !== slotOf[j], `round ${round}: values ${i} and ${j} share a slot`);
      });
    });
    const used = slots.reduce((n, s) => n + s.bytes, 0);
    assert.ok(used >= peak(lifetimes) && used <= lifetimes.reduce((n, l) => n + l.bytes, 0));
  }
});

test('a chain of equal values needs two slots', () => {
  const chain = Array.from({ length: 50 }, (_, i) => ({ bytes: 1024, from: i, to: i + 1 }));
  assert.equal(assignSlots(chain).slots, [{ bytes: 1024 }, { bytes: 1024 }]);
});

test('what is written in the step that last reads another value does not take its place', () => {
  const { slotOf } = assignSlots([
    { bytes: 64, from: 0, to: 3 },
    { bytes: 64, from: 3, to: 4 },
    { bytes: 64, from: 4, to: 5 },
  ]);
  assert.is.not(slotOf[0], slotOf[1]);
  assert.is(slotOf[0], slotOf[2]);
});

test.run();
