import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  parseSplit,
  restoreSplit,
  serialiseSplit,
  splitTask,
  splitValidation,
} from '../../src/data/split.ts';
import type { Sample, Task } from '../../src/data/tasks.ts';
import { Random } from '../../src/random.ts';

const test = suite('split');

const taskOf = (sizes: Readonly<Record<string, number>>): Task => {
  const samples: Sample[] = Object.entries(sizes).flatMap(([kind, size]) =>
    Array.from({ length: size }, (_, i): Sample => {
      const id = `test/${kind}/${String(i).padStart(4, '0')}.png`;
      return { id, path: `/data/${id}`, label: kind === 'good' ? 0 : 1, kind };
    }),
  );
  return { name: 'tile', root: '/data', layout: 'mvtec', samples, problems: [] };
};

const ids = (samples: readonly Sample[]): string[] => samples.map(({ id }) => id);
const count = (samples: readonly Sample[], kind: string): number =>
  samples.filter((sample) => sample.kind === kind).length;

const tile = taskOf({ good: 952, blowhole: 115, break: 85, crack: 57, fray: 32, uneven: 103 });

test('70 to 30 of each kind, every sample on one side', () => {
  const { train, test: rest } = splitTask(tile, { seed: 1 });
  assert.equal([...ids(train), ...ids(rest)].sort(), ids(tile.samples).sort());
  for (const [kind, size] of Object.entries({
    good: 952,
    blowhole: 115,
    break: 85,
    crack: 57,
    fray: 32,
    uneven: 103,
  })) {
    assert.ok(Math.abs(count(train, kind) - 0.7 * size) < 1, kind);
  }
  assert.is(train.filter(({ label }) => label === 1).length, Math.round(0.7 * 392));
  assert.equal(ids(train), ids(train).sort());
});

test('the seed decides, not the order of the files', () => {
  const shuffled = { ...tile, samples: new Random(9).shuffle([...tile.samples]) };
  assert.equal(splitTask(shuffled, { seed: 1 }), splitTask(tile, { seed: 1 }));
  assert.is.not(splitTask(tile, { seed: 2 }).hash, splitTask(tile, { seed: 1 }).hash);
});

test('the hash is pinned: the same split in every version', () => {
  const { train, hash } = splitTask(taskOf({ good: 5, crack: 3 }), { seed: 42 });
  assert.equal(ids(train), [
    'test/crack/0000.png',
    'test/crack/0001.png',
    'test/good/0001.png',
    'test/good/0002.png',
    'test/good/0003.png',
    'test/good/0004.png',
  ]);
  assert.is(hash, '6e630d250ad1e326f53e1c92cb97a9dc47f92f756a6b7e5a05bbf0b47924bdfe');
});

test('a kind of two or more is on both sides, at every fraction', () => {
  const small = taskOf({ good: 52, crack: 2, cut: 2, hole: 2, print: 1 });
  for (const trainFraction of [0.1, 0.5, 0.7, 0.95]) {
    const { train, test: rest } = splitTask(small, { seed: 3, trainFraction });
    for (const kind of ['good', 'crack', 'cut', 'hole']) {
      assert.ok(count(train, kind) >= 1 && count(rest, kind) >= 1, `${kind} at ${trainFraction}`);
    }
  }
});

test('validation comes out of the training part, stratified', () => {
  const { train } = splitTask(tile, { seed: 1 });
  const parts = splitValidation(train, 0.2, 1);
  assert.equal([...ids(parts.train), ...ids(parts.validation)].sort(), ids(train));
  assert.is(count(parts.validation, 'good'), Math.round(0.2 * count(train, 'good')));
  assert.ok(Math.abs(count(parts.validation, 'crack') - 0.2 * count(train, 'crack')) < 1);
  assert.equal(splitValidation([...train].reverse(), 0.2, 1), parts);
  assert.not.equal(splitValidation(train, 0.2, 2), parts);
});

test('copies are on one side, and the rest stays where it was', () => {
  const before = splitTask(tile, { seed: 1 });
  const [a, b, c] = [before.train[0], before.test[0], before.test[1]].map(({ id }) => id);
  const other = before.test.slice(2, 4).map(({ id }) => id);
  const copies = new Map([
    ...[a, b, c].map((id) => [id, a] as const),
    ...other.map((id) => [id, other[0]] as const),
  ]);
  const { train, test: rest, hash } = splitTask(tile, { seed: 1, copies });
  assert.equal(ids(train), [...ids(before.train), b, c].sort());
  assert.equal(
    ids(rest),
    ids(before.test).filter((id) => id !== b && id !== c),
  );
  assert.is.not(hash, before.hash);

  const parts = splitValidation(before.train, 0.2, 1);
  const pair = new Map([parts.train[5].id, parts.validation[5].id].map((id) => [id, 'pair']));
  const together = splitValidation(before.train, 0.2, 1, pair);
  assert.equal(ids(together.train), [...ids(parts.train), parts.validation[5].id].sort());
});

test('fractions that part nothing are refused', () => {
  for (const trainFraction of [0, 1, -1, Number.NaN]) {
    assert.throws(
      () => splitTask(tile, { seed: 1, trainFraction }),
      /splitTask: the fraction must be between 0 and 1/,
    );
  }
});

const options = { seed: 7, trainFraction: 0.6 };
const small = taskOf({ good: 10, crack: 6 });
const split = splitTask(small, options);
const text = serialiseSplit(split, small.name, options);

test('a split survives split.json', () => {
  const record = parseSplit(text);
  assert.equal([record.task, record.seed, record.trainFraction, record.hash], ['tile', 7, 0.6, split.hash]);
  assert.equal(restoreSplit(record, small), { ...split, unassigned: [] });
});

test('files that came later are told apart; files that are gone are an error', () => {
  const record = parseSplit(text);
  const grown = taskOf({ good: 11, crack: 6 });
  assert.equal(ids(restoreSplit(record, grown).unassigned), ['test/good/0010.png']);
  assert.throws(
    () => restoreSplit(record, taskOf({ good: 10, crack: 4 })),
    /\/data: 2 of the split's 16 samples are missing, the first is test\/crack\/000[45]\.png/,
  );
  const relabelled = { ...small, samples: small.samples.map((s): Sample => ({ ...s, label: 1 })) };
  assert.throws(() => restoreSplit(record, relabelled), /10 of the split's 16 samples have another label/);
});

test('a changed or foreign split.json is refused', () => {
  const record = JSON.parse(text);
  const change = (changes: object): string => JSON.stringify({ ...record, ...changes });
  const moved = change({ train: record.train.slice(1), test: [...record.test, record.train[0]] });
  assert.throws(
    () => parseSplit(moved, 'a/split.json'),
    /a\/split\.json: its samples have hash .* the file was changed/,
  );
  const relabelled = change({ train: record.train.map((e: Sample) => ({ ...e, label: 1 - e.label })) });
  assert.throws(() => parseSplit(relabelled), /the file was changed/);
  assert.throws(() => parseSplit(change({ test: [...record.test, record.train[0]] })), /an id occurs twice/);
  assert.throws(() => parseSplit('{'), /not JSON/);
  assert.throws(() => parseSplit('null'), /expected version 1/);
  assert.throws(() => parseSplit(change({ version: 2 })), /expected version 1, found 2/);
  assert.throws(() => parseSplit(change({ train: [1] })), /lists of \{id, label, kind\}/);
  assert.throws(() => parseSplit(change({ seed: '7' })), /wrong type/);
});

test.run();
