import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tree } from '../../src/graph/index.ts';
import { Random } from '../../src/random.ts';
import {
  accuracy,
  type Characters,
  checkOmniglot,
  cutSheets,
  divide,
  drawTask,
  initClassifier,
  type networks,
  type OmniglotSettings,
  omniglot,
  omniglotOutline,
  publishedOmniglot,
  readOmniglot,
  reproduce,
  resumeReproduction,
  SIDE,
  scaledOmniglot,
  taskImages,
  turn,
} from '../../src/reproduce/index.ts';

const root = mkdtempSync(join(tmpdir(), 'medetection omniglot-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));

/** The ink of a synthetic character: 4 x 4 blocks of its own, which the drawers put in different places. */
function ink(character: number, drawer: number): Float32Array {
  const random = new Random(`character ${character}`);
  const blocks = Array.from({ length: 16 }, () => random.int(2));
  const [top, left] = [drawer % 4, Math.floor(drawer / 4) % 4];
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [y, x] = [Math.floor((Math.floor(i / SIDE) - top) / 6), Math.floor(((i % SIDE) - left) / 6)];
    return y >= 0 && y < 4 && x >= 0 && x < 4 ? blocks[4 * y + x] : 0;
  });
}

/** A sheet of `rows` characters, of which the first is number `first`. */
function sheet(rows: number, first = 0): Uint8Array {
  const grey = new Uint8Array(rows * SIDE * 20 * SIDE);
  for (let row = 0; row < rows; row++)
    for (let drawer = 0; drawer < 20; drawer++)
      for (const [i, value] of ink(first + row, drawer).entries()) {
        const [y, x] = [row * SIDE + Math.floor(i / SIDE), drawer * SIDE + (i % SIDE)];
        grey[y * 20 * SIDE + x] = 255 * (1 - value);
      }
  return grey;
}
const synthetic = cutSheets([sheet(10), sheet(8, 10)]);
const shape = { way: 3, shots: 2, queries: 4 };

const test = suite('Omniglot');

test('sheets are cut row by row; ink is 1', () => {
  assert.is(synthetic.count, 18);
  for (const [character, drawer] of [
    [0, 0],
    [9, 19],
    [12, 3],
    [17, 7],
  ])
    assert.equal(synthetic.image(character, drawer), ink(character, drawer));
});

test('quarter turns are anticlockwise, all different, and four of them none', () => {
  const image = Float32Array.from({ length: SIDE * SIDE }, (_, i) => i);
  const corners = (quarters: number) => {
    const t = turn(image, quarters);
    return [t[0], t[SIDE - 1], t[SIDE * SIDE - 1]];
  };
  const [topLeft, topRight, bottomRight, bottomLeft] = [0, SIDE - 1, SIDE * SIDE - 1, SIDE * (SIDE - 1)];
  assert.equal(corners(0), [topLeft, topRight, bottomRight]);
  assert.equal(corners(1), [topRight, bottomRight, bottomLeft]);
  assert.equal(corners(2), [bottomRight, bottomLeft, topLeft]);
  assert.equal(corners(3), [bottomLeft, topLeft, topRight]);
  assert.equal(turn(turn(image, 1), 3), image);
  assert.equal(turn(turn(image, 1), 1), turn(image, 2));
});

test('characters are divided, all of them, and otherwise for another seed', () => {
  const { train, test } = divide(new Random(1), 18, 12);
  assert.equal([train.length, test.length], [12, 6]);
  assert.equal(
    [...train, ...test].sort((a, b) => a - b),
    Array.from({ length: 18 }, (_, i) => i),
  );
  assert.equal(divide(new Random(1), 18, 12), { train, test });
  assert.not.equal(divide(new Random(2), 18, 12).train, train);
  assert.throws(() => divide(new Random(1), 18, 18), /trainCharacters 18 leaves none of 18 characters/);
});

test('a task has different characters, each by different people, and is drawn again from its seed', () => {
  const quarters = new Set<number>();
  for (let seed = 0; seed < 50; seed++) {
    const task = drawTask(new Random(seed), [2, 3, 5, 7, 11], shape);
    assert.equal(drawTask(new Random(seed), [2, 3, 5, 7, 11], shape), task);
    assert.is(new Set(task.map(({ character }) => character)).size, 3);
    for (const { character, drawers, quarters: q } of task) {
      assert.ok([2, 3, 5, 7, 11].includes(character));
      // Support and query are parts of one list without repetition.
      assert.is(new Set(drawers).size, shape.shots + shape.queries);
      assert.ok(drawers.every((d) => d >= 0 && d < 20));
      quarters.add(q);
    }
  }
  assert.equal([...quarters].sort(), [0, 1, 2, 3]);
});

test('image i of a task is of class i modulo the number of classes', async () => {
  const tasks = [0, 1].map((seed) => drawTask(new Random(seed), [...Array(18).keys()], shape));
  const { support, query } = taskImages(synthetic, tasks, shape);
  assert.equal(support.shape, [2, 6, 1, SIDE, SIDE]);
  assert.equal(query.shape, [2, 12, 1, SIDE, SIDE]);
  const pixels = await query.data();
  const size = SIDE * SIDE;
  for (const [t, classes] of tasks.entries())
    for (let i = 0; i < 12; i++) {
      const { character, drawers, quarters } = classes[i % 3];
      const drawer = drawers[shape.shots + Math.floor(i / 3)];
      const at = (t * 12 + i) * size;
      assert.equal(pixels.slice(at, at + size), turn(synthetic.image(character, drawer), quarters));
    }
});

test('accuracy counts images whose greatest logit is their class', () => {
  // Of classes 0, 1, 0, 1: right, wrong, right, and a tie that the first class wins.
  assert.is(accuracy([2, 1, 5, 3, 0, -1, 4, 4], 2), 0.5);
});

test('settings: the published ones by the number of classes, and what cannot be', () => {
  const { tasksPerStep, innerRate, innerSteps, testSteps } = publishedOmniglot(20);
  assert.equal([tasksPerStep, innerRate, innerSteps, testSteps], [16, 0.1, 5, 5]);
  for (const way of [5, 20]) checkOmniglot(publishedOmniglot(way));
  assert.ok(omniglotOutline.reference(publishedOmniglot(20)));
  assert.is(omniglotOutline.reference(scaledOmniglot('small', 5)), undefined);
  assert.throws(() => checkOmniglot({ ...publishedOmniglot(5), shots: 15, queries: 6 }), /there are 20/);
  assert.throws(
    () => checkOmniglot({ ...publishedOmniglot(5), network: 'conv9' as 'fc' }),
    /network .*conv4, fc/,
  );
});

test('the networks have the sizes of the published ones', () => {
  const count = (network: (typeof networks)[number]) =>
    tree.leaves(initClassifier(network, new Random(0), 5)).reduce((n, { size }) => n + size, 0);
  const shifts = 64 * 4;
  assert.is(count('conv4'), 9 * 64 + 64 + 3 * (9 * 64 * 64 + 64) + 64 * 5 + 5 + shifts);
  assert.is(
    count('fc'),
    784 * 256 + 256 + 256 * 128 + 128 + 128 * 64 + 64 + 64 * 64 + 64 + 64 * 5 + 5 + (256 + 128 + 64 + 64),
  );
});

const tiny: OmniglotSettings = {
  ...publishedOmniglot(3),
  ...shape,
  iterations: 5,
  tasksPerStep: 2,
  trainCharacters: 12,
  testTasks: 4,
  testSteps: 2,
  testEvery: 2,
};

const study = omniglot(synthetic);
const request = (name: string, settings: OmniglotSettings) => ({
  folder: join(root, name),
  settings,
  methods: ['second-order'],
  seeds: [3],
  checkpointEvery: 2,
});

test('a training that was stopped goes on to the same bits, with what was measured on the way', async () => {
  const settings: OmniglotSettings = { ...tiny, network: 'fc' };
  const whole = await reproduce(study, request('whole', settings));
  const controller = new AbortController();
  const stopped = await reproduce(study, request('stopped', settings), {
    signal: controller.signal,
    onLosses: (losses) => losses.length >= 3 && controller.abort(),
  });
  assert.is(stopped.runs.length, 0);
  const resumed = await resumeReproduction(study, request('stopped', settings));
  const timeless = ({ runs }: typeof whole) => runs.map((run) => ({ ...run, seconds: 0 }));
  assert.equal(timeless(resumed), timeless(whole));
  const weights = (name: string) =>
    readFileSync(join(root, name, 'second-order-seed-3', 'weights.safetensors'));
  assert.equal(weights('stopped'), weights('whole'));
});

test('convolutions: measured on the way and at the end, after every inner step', async () => {
  const { runs } = await reproduce(study, request('conv4', { ...tiny, iterations: 3 }));
  const [{ tests, evaluation, curve }] = runs;
  assert.equal(
    tests.map(({ iteration }) => iteration),
    [2],
  );
  for (const { tasks, steps } of [...tests.map((tested) => tested.evaluation), evaluation]) {
    assert.is(tasks, 4);
    assert.equal(
      steps.map((step) => step.steps),
      [0, 1, 2],
    );
    assert.ok(steps.every(({ mean }) => mean >= 0 && mean <= 1));
  }
  assert.is(curve.losses.length, 3);
});

test('meta-training raises the accuracy on characters that it has not seen', async () => {
  const settings: OmniglotSettings = {
    ...tiny,
    network: 'fc',
    iterations: 100,
    tasksPerStep: 4,
    testTasks: 40,
    testEvery: 100,
  };
  const { runs } = await reproduce(study, request('learns', settings));
  const [before, after] = runs[0].evaluation.steps;
  assert.ok(before.mean < 0.5, `${before.mean} before adaptation, by chance 0.33`);
  assert.ok(after.mean > 0.8, `${after.mean} after the step that it was trained for`);
});

test('a folder without sheets is named', async () => {
  await readOmniglot(root).then(
    () => assert.unreachable('there is nothing to read'),
    (error: Error) => assert.match(error.message, /images_background cannot be read \(ENOENT\)/),
  );
});

const folder = fileURLToPath(new URL('../../../shared/data/omniglot', import.meta.url));
if (!existsSync(folder))
  console.log('omniglot.test.ts: real characters not run, because ../shared is absent');
else
  test('the published data: 964 + 659 characters, all of them drawn, turned images different', async () => {
    const characters: Characters = await readOmniglot(folder);
    assert.is(characters.count, 964 + 659);
    const share = (image: Float32Array) => image.reduce((sum, v) => sum + v, 0) / image.length;
    for (let c = 0; c < characters.count; c += 97)
      for (let d = 0; d < 20; d++) {
        const image = characters.image(c, d);
        assert.ok(image.every((v) => v >= 0 && v <= 1));
        const inked = share(image);
        assert.ok(inked > 0.005 && inked < 0.4, `character ${c}, drawer ${d}: ${inked} of it is ink`);
      }
    const turned = [0, 1, 2, 3].map((q) => turn(characters.image(100, 0), q).join());
    assert.is(new Set(turned).size, 4);
  });

test.run();
