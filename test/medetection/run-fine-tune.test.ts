import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultDevice } from '../../src/device/index.ts';
import {
  columns,
  decisionOf,
  defaultFineTune,
  defaultMetaTrain,
  type FineTuneRequest,
  type FineTuneRunHooks,
  loadFineTuneState,
  loadScores,
  RunDetector,
  readConfig,
  resumeFineTune,
  runFineTune,
  runMetaTrain,
} from '../../src/medetection/index.ts';
import { decide, summary } from '../../src/metrics/index.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/store/index.ts';
import { drawData, drawn, scratch } from '../cli/support.ts';
import { refused } from '../support/refused.ts';
import { small } from './support.ts';

const folder = scratch();
const data = await drawData(join(folder, 'data'));
const path = (...parts: string[]) => join(folder, ...parts);
const read = (...parts: string[]) => readFileSync(path(...parts));

const request = (name: string, changes: Partial<FineTuneRequest> = {}): FineTuneRequest => ({
  folder: path(name),
  data,
  target: drawn.target,
  init: 'random',
  model: small,
  options: { ...defaultFineTune, epochs: 4, patience: 4, batch: 4, rate: 1e-3 },
  seed: 3,
  skipBroken: false,
  allowSeen: false,
  ...changes,
});
const epochs = (count: number) => ({ options: { ...request('').options, epochs: count } });

const files = [
  'weights.safetensors',
  'state.safetensors',
  'references.safetensors',
  'metrics.jsonl',
  'scores.json',
  'decision.json',
  'split.json',
  'config.json',
];
const same = (a: string, b: string) => {
  for (const file of files) assert.ok(read(a, file).equals(read(b, file)), `${file} of ${b} differs`);
};

test('two epochs and two resumed are four, to the bit', async () => {
  const whole = await runFineTune(request('whole'));
  assert.is(whole.stopped, 'epochs');
  await runFineTune(request('parts', epochs(2)));
  // As if the first had crashed after an epoch that its last saved state does not have.
  writeFileSync(path('parts', 'metrics.jsonl'), '{"epoch":3,"trainLoss":9}\n{"epo', { flag: 'a' });
  const resumed = await resumeFineTune({ folder: path('parts'), epochs: 4 });
  assert.equal(resumed.epochs, whole.epochs);
  assert.equal(resumed.best, whole.best);
  assert.equal(resumed.decision, whole.decision);
  same('whole', 'parts');
});

test('scores and threshold are those of the epoch that is kept', async () => {
  const { epochs, best, config } = await resumeFineTune({ folder: path('whole') });
  const images = await loadScores(path('whole'));
  for (const part of ['validation', 'test'] as const)
    assert.equal(summary(...columns(images, part)), best[part]);
  // Not those of the last epoch, which is another.
  assert.is.not(best.epoch, epochs.at(-1)!.epoch);
  const decision = await decisionOf(path('whole'));
  assert.equal(decision, decide(config.options.decide, ...columns(images, 'validation')));
});

test('references laid over their pictures only afterwards: the threshold says that it was chosen without', async () => {
  const [asTrained, anew] = [false, true].map((register) =>
    RunDetector.open(path('whole'), undefined, register),
  );
  const own = await decisionOf(path('whole'));
  assert.equal(await (await asTrained).decision(), own);
  const decision = await (await anew).decision();
  assert.is(decision.threshold, own.threshold);
  assert.match(decision.note!, /chosen on scores without registration/);
  assert.equal(await (await anew).decision(0.5), { rule: 0.5, threshold: 0.5 });
  const others = await RunDetector.open(path('whole'), async () => (await asTrained).references);
  assert.match((await others.decision()).note!, /chosen on scores with the references of the run/);
});

test('an epoch that was stopped is repeated from its start', async () => {
  const controller = new AbortController();
  let steps = 0;
  const hooks: FineTuneRunHooks = {
    signal: controller.signal,
    onStep: () => {
      if (++steps === 4) controller.abort();
    },
  };
  const stopped = await runFineTune(request('stopped'), hooks);
  assert.is(stopped.stopped, 'signal');
  const perEpoch = Math.floor(13 / 4);
  assert.is(stopped.state.epochs.length - 1, Math.floor(4 / perEpoch));
  const resumed = await resumeFineTune({ folder: path('stopped') });
  assert.is(resumed.stopped, 'epochs');
  same('whole', 'stopped');
});

test('a run that has ended has nothing to go on with, and patience counts on', async () => {
  const ended = await resumeFineTune({ folder: path('stopped') });
  assert.is(ended.epochs.length, 5);
  same('whole', 'stopped');
  // At a rate that changes nothing no epoch is better than the first.
  const still = { ...request('').options, rate: 1e-30, patience: 2 };
  await runFineTune(request('patient', { options: { ...still, epochs: 1 } }));
  const resumed = await resumeFineTune({ folder: path('patient'), epochs: 4 });
  assert.is(resumed.stopped, 'patience');
  assert.is(resumed.epochs.length, 3);
});

test('a full disk stops no training, but the last save must succeed', async () => {
  const run = async (name: string, clearAt?: number) => {
    const warnings: string[] = [];
    const log = path(name, 'state.safetensors');
    const tuned = runFineTune(request(name, epochs(2)), {
      warn: (warning) => warnings.push(warning),
      onEpoch: ({ epoch }) => {
        if (epoch === 0) {
          rmSync(log);
          mkdirSync(log);
        }
        if (epoch === clearAt) rmdirSync(log);
      },
    });
    return { tuned, warnings };
  };
  const passing = await run('passing', 2);
  assert.is((await passing.tuned).epochs.length, 3);
  assert.is(passing.warnings.length, 2);
  assert.match(
    passing.warnings[0],
    /the state of epoch 1 was not saved, training goes on: .*state\.safetensors/,
  );
  assert.is((await loadFineTuneState(path('passing'), small)).epochs.length, 3);
  const lasting = await run('lasting');
  await refused(lasting.tuned, /lasting.state\.safetensors: /);
});

test('shots and a cap: few labelled pictures train, all others test', async () => {
  const parts: object[] = [];
  const hooks: FineTuneRunHooks = { onStart: (_, counts) => parts.push(counts) };
  const options = { ...request('').options, epochs: 1, shots: 8, references: 2 };
  const few = await runFineTune(request('few', { options }), hooks);
  await runFineTune(request('capped', { options, maxPerClass: 10 }), hooks);
  // Of 24 pictures 16 are for training; of 20, 14. Of 8 shots two stop, one of each class.
  assert.equal(parts, [
    { train: 6, validation: 2, test: 8 },
    { train: 6, validation: 2, test: 6 },
  ]);
  assert.is((await readConfig(path('capped'), 'fine-tune')).maxPerClass, 10);
  const resumed = await resumeFineTune({ folder: path('few') }, hooks);
  assert.equal(parts[2], parts[0]);
  assert.equal(resumed.epochs, few.epochs);
  await resumeFineTune({ folder: path('capped'), epochs: 2 }, hooks);
  assert.equal(parts[3], parts[1]);
});

test('other pictures, other states and other runs are not gone on with', async () => {
  await refused(resumeFineTune({ folder: path('nothing') }), /there is no such file: this is not the folder/);
  const state = read('parts', 'state.safetensors');
  writeFileSync(path('parts', 'state.safetensors'), read('parts', 'weights.safetensors'));
  await refused(resumeFineTune({ folder: path('parts') }), /it is not the state of a fine-tuning/);
  const { tensors, metadata } = decodeSafetensors(state, 'state');
  for (const scores of ['', '{"validation":[1]}', '{"validation":["x"],"test":[1]}']) {
    const damaged = { ...metadata, bestScores: scores };
    writeFileSync(path('parts', 'state.safetensors'), encodeSafetensors(tensors, damaged));
    await refused(
      resumeFineTune({ folder: path('parts') }),
      /its metadata lack the scores of the best epoch/,
    );
  }
  writeFileSync(path('parts', 'state.safetensors'), state);
  const [one, other] = ['000.png', '001.png'].map((name) => path('data', drawn.target, '0', name));
  const picture = readFileSync(one);
  writeFileSync(one, readFileSync(other));
  await refused(
    resumeFineTune({ folder: path('parts'), epochs: 5 }),
    /are not those that .*parts learned from/,
  );
  writeFileSync(one, picture);
});

test('a task that the weights have learned from is refused as target, through all runs between', async () => {
  const [learned, between] = drawn.learned;
  await runMetaTrain({
    folder: path('meta'),
    data,
    target: drawn.target,
    leaveOut: [between],
    model: small,
    options: { ...defaultMetaTrain, iterations: 1, tasksPerStep: 2, support: 4, query: 4 },
    seed: 3,
    skipBroken: false,
    checkpointEvery: 1,
  });
  const init = path('meta');
  const message = new RegExp(`meta: its weights have learned from task ${learned}: .*--allow-seen`);
  await refused(runFineTune(request('leak', { init, target: learned })), message);

  await runFineTune(request('chained', { init, target: between, ...epochs(1) }));
  const chained = path('chained');
  await refused(
    runFineTune(request('leak', { init: chained, target: learned })),
    new RegExp(`chained: its weights have learned from task ${learned}`),
  );
  // The test part of the same split was not learned from, that of another was.
  await runFineTune(request('again', { init: chained, target: between, ...epochs(1) }));
  await refused(
    runFineTune(request('leak', { init: chained, target: between, seed: 4 })),
    new RegExp(`chained: its weights have learned from task ${between}`),
  );

  await runFineTune(request('allowed', { init, target: learned, allowSeen: true, ...epochs(1) }));
  const config = await readConfig(path('allowed'), 'fine-tune');
  assert.is(config.allowSeen, true);
  assert.equal(
    config.seen.map(({ name }) => name),
    [learned, drawn.learned[2]],
  );
});

test('the weights of a meta-training that was cut off: how to finish it', async () => {
  rmSync(path('meta', 'weights.safetensors'));
  await refused(
    runFineTune(request('early', { init: path('meta') })),
    /there are no weights, only a saved state: .*meta-train --resume .*meta/,
  );
});

test.after(async () => (await defaultDevice()).dispose());
test.run();
