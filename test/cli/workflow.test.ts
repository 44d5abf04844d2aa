import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { presets } from '../../src/medetection/index.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/store/index.ts';
import { drawData, drawn, medetection, records, scratch, smallMeta } from './support.ts';

const folder = scratch();
const data = await drawData(join(folder, 'data'));
const path = (...parts: string[]) => join(folder, ...parts);
const read = (...parts: string[]) => readFileSync(path(...parts));
const json = (...parts: string[]) => JSON.parse(read(...parts).toString());
const { target } = drawn;

test('tasks lists what there is', async () => {
  const { code, stdout } = await medetection(['tasks', data, '--json']);
  assert.is(code, 0);
  const [{ tasks }] = records(stdout);
  assert.equal(
    tasks.map((t: { name: string }) => t.name),
    [target, ...drawn.learned, drawn.small].sort(),
  );
  assert.is(tasks[0].normal, 12);
  assert.is(tasks[0].defective, 12);
});

test('meta-train: two steps and two resumed are four, to the bit', async () => {
  const begin = [
    'meta-train',
    '--preset',
    'small',
    '--data',
    data,
    '--target',
    target,
    '--seed',
    '3',
    ...smallMeta,
  ];
  const whole = await medetection([...begin, '--iterations', '4', '--out', path('whole'), '--json']);
  assert.is(whole.code, 0, whole.stderr);
  const steps = records(whole.stdout);
  assert.equal(
    steps.map((s) => s.event),
    ['memory', 'step', 'step', 'step', 'step', 'done'],
  );
  assert.match(whole.stderr, /warning: task tiles_stain is left out: .*2 normal and 2 defective/);

  const first = await medetection([...begin, '--iterations', '2', '--out', path('parts')]);
  assert.is(first.code, 0, first.stderr);
  // As if the first had crashed after a step that its last checkpoint does not have.
  writeFileSync(path('parts', 'metrics.jsonl'), '{"iteration":3,"queryLoss":9,"tasks":[]}\n{"iter', {
    flag: 'a',
  });
  const second = await medetection(['meta-train', '--resume', path('parts'), '--iterations', '4']);
  assert.is(second.code, 0, second.stderr);
  for (const file of [
    'weights.safetensors',
    'state.safetensors',
    'metrics.jsonl',
    'split.json',
    'config.json',
  ])
    assert.ok(read('whole', file).equals(read('parts', file)), `${file} differs`);

  const config = json('whole', 'config.json');
  assert.is(config.kind, 'meta-train');
  assert.is(config.seed, 3);
  assert.is(config.model.width, 8);
  assert.is(config.splitHash, json('whole', 'split.json').hash);
  assert.equal(
    config.tasks.map((t: { name: string }) => t.name),
    drawn.learned,
  );
});

test('fine-tune, evaluate and predict with the run alone', async () => {
  const tuned = await medetection([
    'fine-tune',
    '--init',
    path('whole'),
    '--epochs',
    '2',
    '--batch',
    '4',
    '--out',
    path('tuned'),
    '--json',
  ]);
  assert.is(tuned.code, 0, tuned.stderr);
  const lines = records(tuned.stdout);
  assert.equal(
    lines.map((l) => l.event),
    ['epoch', 'epoch', 'epoch', 'done'],
  );
  const { best, decision } = lines[3];
  const { rule, threshold } = json('tuned', 'decision.json');
  assert.is(rule, 'f1');
  assert.is(decision.threshold, threshold);
  assert.is(json('tuned', 'config.json').init, path('whole'));
  // Of the preset that the run was made by, which nobody named again.
  assert.is(json('tuned', 'config.json').options.rate, presets.small.fineTune.rate);
  assert.is(json('tuned', 'split.json').hash, json('whole', 'split.json').hash);

  const evaluated = await medetection(['evaluate', '--run', path('tuned'), '--json']);
  assert.is(evaluated.code, 0, evaluated.stderr);
  const [evaluation] = records(evaluated.stdout);
  // The stored detector and references are those that the epoch was measured with.
  assert.equal(evaluation.test, best.test);

  // And its scores are those that the run was saved with.
  assert.equal(
    evaluation.images,
    json('tuned', 'scores.json')
      .images.filter(({ part }: { part: string }) => part === 'test')
      .map(({ part: _, ...image }: { part: string }) => image),
  );
  assert.equal(evaluation.decision, decision);
  assert.is(evaluation.decided.threshold, threshold);
  assert.is(evaluation.decided.auroc, best.test.auroc);
  const { low, high } = evaluation.decidedIntervals.auroc;
  assert.ok(low <= best.test.auroc && best.test.auroc <= high, `${low} ${high}`);

  const registered = await medetection(['evaluate', '--run', path('tuned'), '--register', '--json']);
  assert.is(registered.code, 0, registered.stderr);
  assert.is(records(registered.stdout)[0].register, true);
  assert.not.equal(records(registered.stdout)[0].images, evaluation.images);
  assert.match(registered.stderr, /chosen on scores without registration/);

  const text = await medetection([
    ...['evaluate', '--run', path('tuned'), '--threshold', 'fpr:0.05', '--bootstrap', '40'],
  ]);
  assert.is(text.code, 0, text.stderr);
  assert.match(text.stderr, /warning: 5% of 2 normal samples is less than one/);
  assert.match(text.stdout, /called defective from -?[\d.]+ on, by fpr:0\.05 on the validation part\n/);
  assert.match(text.stdout, /\n +from -?[\d.]+ on +95% interval +from 0\.000 on +95% interval\n/);
  assert.match(text.stdout, /\nAUROC( +[\d.]+ +[\d.]+ to [\d.]+){2}\nAUROC of hard decisions/);

  // Predicting needs the pictures that it is given, and nothing else of the data.
  const [{ id, score }] = evaluation.images;
  renameSync(data, path('moved'));
  const image = path('moved', target, id);
  const broken = path('broken.png');
  writeFileSync(broken, read('moved', target, id).subarray(0, 200));
  const predict = ['predict', image, broken, '--run', path('tuned'), '--json'];
  const predicted = await medetection(predict);
  assert.is(predicted.code, 1, predicted.stderr);
  const [{ images }] = records(predicted.stdout);
  assert.is(images[0].score, score);
  assert.ok(Math.abs(images[0].probability - 1 / (1 + Math.exp(-score))) < 1e-12);
  assert.is(records(predicted.stdout)[0].threshold, threshold);
  assert.is(images[0].verdict, score >= threshold ? 'defective' : 'normal');
  assert.is(images[0].references.length, 4);
  assert.match(images[1].error, /truncated|damaged|end/i);
  assert.match(predicted.stderr, /error: .*broken\.png: /);

  const laidOver = await medetection([...predict, '--register', '--skip-broken']);
  assert.is(laidOver.code, 0, laidOver.stderr);
  assert.ok(Number.isFinite(records(laidOver.stdout)[0].images[0].score));
  assert.is.not(records(laidOver.stdout)[0].images[0].score, score, 'references were moved');

  const above = String(score + 1);
  const skipping = await medetection([...predict, '--skip-broken', '--threshold', above]);
  assert.is(skipping.code, 0, skipping.stderr);
  assert.is(records(skipping.stdout)[0].images[0].verdict, 'normal');

  const others = await medetection([
    'predict',
    image,
    '--run',
    path('tuned'),
    '--references',
    path('moved', target, '0'),
    '--threshold',
    'cost:1000',
  ]);
  assert.is(others.code, 0, others.stderr);
  assert.match(others.stdout, /called defective from -?[\d.]+ on, by cost:1000 on the validation part\n/);
  assert.match(others.stdout, /compared with 12 references/);

  // The split is checked against the pictures as they are now.
  const gone = await medetection(['evaluate', '--run', path('tuned')]);
  assert.is(gone.code, 1);
  assert.match(gone.stderr, /data: the folder cannot be read/);
  const same = await medetection(['evaluate', '--run', path('tuned'), '--data', path('moved'), '--json']);
  assert.equal(records(same.stdout)[0].test, best.test);
  const other = evaluation.images.find((i: { id: string }) => i.id !== id).id;
  writeFileSync(image, read('moved', target, other));
  const changed = await medetection(['evaluate', '--run', path('tuned'), '--data', path('moved')]);
  assert.is(changed.code, 1);
  assert.match(changed.stderr, /pictures of the test part are not what they were/);
});

test('a picture that the network computes no number for has no verdict: exit code 1', async () => {
  const run = path('overflowing');
  cpSync(path('tuned'), run, { recursive: true });
  const file = join(run, 'weights.safetensors');
  const { tensors, metadata } = decodeSafetensors(readFileSync(file), file);
  (tensors['head.weight'].data as Float32Array).fill(3e38);
  writeFileSync(file, encodeSafetensors(tensors, metadata));
  const image = path('moved', target, '0', '000.png');
  const { code, stdout, stderr } = await medetection(['predict', image, '--run', run, '--json']);
  assert.is(code, 1, stderr);
  const [{ images }] = records(stdout);
  assert.is(images[0].verdict, 'none');
  assert.not.ok('score' in images[0]);
  assert.match(images[0].error, /no finite score/);
  assert.match(stderr, /error: .*000\.png: the network computes no finite score/);
});

test('fine-tune from random weights needs no run, lists what it left out, and says nothing of other tasks', async () => {
  mkdirSync(path('moved', 'notes'));
  writeFileSync(path('moved', drawn.learned[0], '1', '003.png'), 'not a picture');
  const { code, stderr, stdout } = await medetection([
    ...['fine-tune', '--init', 'random', '--data', path('moved'), '--target', drawn.learned[0]],
    ...['--size', '32', '--width', '8', '--no-siamese', '--attention', 'none', '--epochs', '1'],
    ...['--decide', 'cost:10'],
    ...['--skip-broken', '--out', path('random')],
  ]);
  assert.is(code, 0, stderr);
  assert.match(stdout, /epoch +train loss +val\. loss +accuracy +recall +precision +F1 +AUROC/);
  assert.match(stdout, /1 picture was left out, unreadable:\n .*003\.png: /);
  assert.not.match(stderr, /notes/);
  assert.is(json('random', 'config.json').init, 'random');
  assert.is(json('random', 'config.json').model.siamese, false);
  const alone = await medetection([
    ...['predict', path('moved', drawn.learned[0], '0', '000.png'), '--run', path('random')],
    ...['--png', path('alone')],
  ]);
  assert.is(alone.code, 0, alone.stderr);
  assert.match(alone.stdout, /each picture is judged by itself, without a reference\n/);
  assert.not.match(alone.stdout, /compared with/);
  assert.ok(existsSync(path('alone', '000.panel.png')));
  assert.is(json('random', 'config.json').options.decide, 'cost:10');
  assert.is(json('random', 'decision.json').rule, 'cost:10');
  assert.match(stdout, /called defective from -?[\d.]+ on, by cost:10 on the validation part/);
  for (const file of ['metrics.jsonl', 'weights.safetensors', 'references.safetensors', 'split.json'])
    assert.ok(existsSync(path('random', file)), file);
});

test.run();
