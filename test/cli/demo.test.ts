import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { medetection, records, scratch } from './support.ts';

const folder = join(scratch(), 'demo');

test('the demo draws, learns, adapts from both starts and compares them', async () => {
  const { code, stdout, stderr } = await medetection([
    'demo',
    '--iterations',
    '1',
    '--out',
    folder,
    '--json',
  ]);
  assert.is(code, 0, stderr);
  const lines = records(stdout);
  const done = lines.at(-1);
  assert.is(done.event, 'done');
  const { 'meta-trained': meta, random } = done.runs;
  assert.is(meta.epochs.length, random.epochs.length);
  assert.equal(
    lines.filter((l) => l.event === 'epoch' && l.start === 'random').map((l) => l.validationLoss),
    random.epochs.map((e: { validationLoss: number }) => e.validationLoss),
  );
  for (const run of ['meta-train', 'fine-tune-meta-trained', 'fine-tune-random'])
    for (const file of ['config.json', 'metrics.jsonl', 'weights.safetensors', 'split.json'])
      assert.ok(existsSync(join(folder, run, file)), `${run}/${file}`);

  assert.match(
    stderr,
    /epoch +start +accuracy +recall +precision +F1 +AUROC\n0 +meta-trained( +[\d.]+){5}\n +random/,
  );
  assert.match(stderr, /test AUROC by epoch: {2}o\.\. random {3}#-- meta-trained/);
  // What it says is what it measured.
  const aurocs = (epochs: { test: { auroc: number } }[]) => epochs.map((e) => e.test.auroc);
  const ahead = aurocs(meta.epochs).filter((value, i) => value > aurocs(random.epochs)[i]).length;
  assert.match(
    stderr,
    new RegExp(`Of ${meta.epochs.length} measurements the meta-trained start is ahead in ${ahead},`),
  );

  // The texture of the held-out product is in no task learned from.
  const config = JSON.parse(readFileSync(join(folder, 'meta-train', 'config.json'), 'utf8'));
  const texture = done.target.replace(/_(stain|break)$/, '');
  assert.is(config.tasks.length, 22);
  assert.not(config.tasks.some(({ name }: { name: string }) => name.startsWith(texture)));
});

test.run();
