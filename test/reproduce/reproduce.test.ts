import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tree } from '../../src/graph/index.ts';
import { Random } from '../../src/random.ts';
import {
  defaultSinusoid,
  initRegressor,
  isComplete,
  loadTheta,
  type ReproduceHooks,
  type Results,
  readResults,
  reproduce,
  resultsFile,
  resumeReproduction,
  type SinusoidSettings,
  sinusoid,
  trainingCurve,
} from '../../src/reproduce/index.ts';

const root = mkdtempSync(join(tmpdir(), 'medetection reproduce-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));
const folderOf = (name: string) => join(root, name);

/** 25 meta-steps: two whole calls and a half. */
const tiny: SinusoidSettings = {
  ...defaultSinusoid,
  iterations: 25,
  tasksPerStep: 3,
  shots: 4,
  testTasks: 6,
};
const run = (name: string, methods: readonly string[], hooks?: ReproduceHooks, settings = tiny) =>
  reproduce(sinusoid, { folder: folderOf(name), settings, methods, seeds: [1], checkpointEvery: 10 }, hooks);
const goOn = (name: string, hooks?: ReproduceHooks) =>
  resumeReproduction(sinusoid, { folder: folderOf(name), checkpointEvery: 10 }, hooks);
const weightsOf = (name: string, method: string) =>
  readFileSync(join(folderOf(name), `${method}-seed-1`, 'weights.safetensors'));
/** Results without what no two runs have in common. */
const timeless = ({ runs, ...rest }: Results<SinusoidSettings>) => ({
  ...rest,
  runs: runs.map((result) => ({ ...result, seconds: 0 })),
});

test('a study that was stopped goes on to the same bits as one that was not', async () => {
  const methods = ['second-order', 'joint'];
  const whole = await run('whole', methods);
  assert.ok(isComplete(whole));
  const controller = new AbortController();
  const stopped = await run('stopped', methods, {
    signal: controller.signal,
    onLosses: (losses) => losses.length >= 10 && controller.abort(),
  });
  assert.not.ok(isComplete(stopped));
  const begun: [string, number][] = [];
  const resumed = await goOn('stopped', { onRun: ({ method }, done) => begun.push([method, done]) });
  assert.equal(begun, [
    ['second-order', 10],
    ['joint', 0],
  ]);
  assert.equal(timeless(resumed), timeless(whole));
  for (const method of methods) assert.equal(weightsOf('stopped', method), weightsOf('whole', method));
  // A finished one has nothing left to do.
  assert.equal(await goOn('stopped', { onRun: () => assert.unreachable('no run is left') }), resumed);
});

test('what a crash leaves is taken up at the last checkpoint', async () => {
  // Ended by force while it trains, after the first checkpoint.
  const crash = new Error('crash');
  const crashing = run('crashed', ['second-order'], {
    onLosses: (losses) => {
      if (losses.length >= 20) throw crash;
    },
  });
  await crashing.then(
    () => assert.unreachable('it crashed'),
    (error) => assert.is(error, crash),
  );
  let taken = -1;
  await goOn('crashed', {
    onRun: (_, done) => {
      taken = done;
    },
  });
  assert.is(taken, 10);
  assert.equal(weightsOf('crashed', 'second-order'), weightsOf('whole', 'second-order'));
});

test('methods differ, and start from the same parameters and tasks', async () => {
  const { runs } = await run('first', ['first-order']);
  const [second, joint] = (await readResults(sinusoid, folderOf('whole'))).runs;
  assert.is(runs[0].curve.losses[0], second.curve.losses[0]);
  assert.is.not(runs[0].curve.losses[24], second.curve.losses[24]);
  assert.is.not(joint.curve.losses[0], second.curve.losses[0]);
});

test('the meta-learned parameters can be loaded', async () => {
  const folder = join(folderOf('whole'), 'second-order-seed-1');
  const theta = await loadTheta(folder, initRegressor(new Random(0)));
  const start = await initRegressor(new Random(1).fork('sinusoid').fork('init')).hidden2.weight.data();
  const moved = (await theta.hidden2.weight.data()).map((value, i) => Math.abs(value - start[i]));
  // 25 steps of Adam at 1e-3 move a parameter by at most about 0.025.
  assert.ok(Math.max(...moved) > 0.005 && Math.max(...moved) < 0.04, String(Math.max(...moved)));
  assert.is(tree.entries(theta).length, 6);
  await loadTheta(folderOf('whole'), theta).then(
    () => assert.unreachable('that is the folder of the study'),
    (error) => assert.match(error.message, /whole.weights\.safetensors: there are no weights here/),
  );
});

/** Asserts that going on is refused, by a message. */
const refused = async (name: string, message: RegExp) =>
  goOn(name).then(
    () => assert.unreachable(`${name} was taken`),
    (error) => assert.match(error.message, message),
  );

test('what is no study of this kind, or damaged, is refused by name', async () => {
  await refused('absent', /absent.results\.json: there is no such folder: leave out --resume/);
  const stop: ReproduceHooks = { signal: AbortSignal.abort() };
  await run('damaged', ['second-order'], stop);
  const path = join(folderOf('damaged'), resultsFile);
  const good = JSON.parse(readFileSync(path, 'utf8'));
  const change = (change: object) => writeFileSync(path, JSON.stringify({ ...good, ...change }));
  await run('damaged', ['second-order']).then(
    () => assert.unreachable('the folder is in use'),
    (error) => assert.match(error.message, /damaged: the folder is not empty \(results\.json is in it\)/),
  );
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, 40));
  await refused(
    'damaged',
    /damaged.results\.json: not a JSON object: the file is damaged; restore it or begin anew/,
  );
  change({ kind: 'meta-train' });
  await refused('damaged', /results\.json: kind is "meta-train", expected "reproduce"/);
  change({ version: 2 });
  await refused('damaged', /version is 2, expected 1/);
  change({ study: 'omniglot' });
  await refused('damaged', /results of the study "omniglot", not of "sinusoid"/);
  change({ settings: { ...tiny, shots: 0 } });
  await refused('damaged', /options: shots is 0; it must be an integer of at least 1/);
  change({ methods: ['third-order'] });
  await refused('damaged', /there is no method "third-order"; there are second-order, first-order, joint/);
  change({ seeds: [1, 1] });
  await refused('damaged', /each once; got methods second-order and seeds 1, 1/);
  change({ runs: [{ method: 'joint', seed: 1 }] });
  await refused('damaged', /run 0 \(joint 1\) was not asked for/);
});

test('the state of another run, or a damaged one, is refused by name', async () => {
  const controller = new AbortController();
  await run('state', ['second-order'], {
    signal: controller.signal,
    onLosses: (losses) => losses.length > 0 && controller.abort(),
  });
  const path = join(folderOf('state'), 'second-order-seed-1', 'state.safetensors');
  const good = readFileSync(path);
  writeFileSync(path, good.subarray(0, good.length - 8));
  await refused('state', /second-order-seed-1.state\.safetensors.*the file is damaged/);
  const results = join(folderOf('state'), resultsFile);
  writeFileSync(path, good);
  writeFileSync(results, readFileSync(results, 'utf8').replace('"shots": 4', '"shots": 5'));
  await refused(
    'state',
    /state\.safetensors: it is the state of another run .*"shots":4.*, not of .*"shots":5/,
  );
});

test('settings, methods and seeds are checked before anything is written', async () => {
  const bad = { ...tiny, innerRate: -1 };
  await run('unwritten', ['joint'], {}, bad).then(
    () => assert.unreachable('a rate below 0'),
    (error) => assert.match(error.message, /innerRate is -1; it must be a number above 0/),
  );
  await run('unwritten', []).then(
    () => assert.unreachable('no method'),
    (error) => assert.match(error.message, /got methods none and seeds 1/),
  );
  await refused('unwritten', /no such folder/);
});

test('an error that exploded is kept in the results', async () => {
  const settings = { ...tiny, iterations: 10, innerRate: 100, outerRate: 0.5 };
  const { runs } = await run('exploded', ['joint'], {}, settings);
  const last = (read: Results<SinusoidSettings>['runs']) => read[0].evaluation.steps[10].mean;
  assert.is(last(runs), Number.POSITIVE_INFINITY);
  assert.is(last((await readResults(sinusoid, folderOf('exploded'))).runs), Number.POSITIVE_INFINITY);
});

test('figures of reference are for the published settings only', () => {
  const of = (change: Partial<SinusoidSettings>) => sinusoid.reference({ ...defaultSinusoid, ...change });
  assert.is(of({})?.figures.length, 9);
  assert.is(of({ shots: 5 })?.figures.length, 3);
  assert.is(of({ iterations: 300 }), undefined);
  assert.is(of({ shots: 7 }), undefined);
});

test('the curve of a training is the mean of its parts', () => {
  const losses = Array.from({ length: 1000 }, (_, i) => i);
  const { iterations, losses: means } = trainingCurve(losses);
  assert.is(iterations.length, 200);
  assert.is(iterations[199], 1000);
  assert.equal([means[0], means[199]], [2, 997]);
  assert.equal(trainingCurve([3, 5]), { iterations: [1, 2], losses: [3, 5] });
});

test('the loss falls in 300 meta-steps', async () => {
  const settings = { ...defaultSinusoid, iterations: 300, tasksPerStep: 10, testTasks: 100 };
  const { runs } = await run('learning', ['second-order'], {}, settings);
  const { losses } = runs[0].curve;
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
  const [first, last] = [mean(losses.slice(0, 40)), mean(losses.slice(-40))];
  assert.ok(last < 0.9 * first, `${first} to ${last}`);
});

test.run();
