import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { drawData, drawn, medetection, records, scratch, smallMeta } from './support.ts';

const folder = scratch();
const data = await drawData(join(folder, 'data'));
const path = (...parts: string[]) => join(folder, ...parts);
const { target } = drawn;
const begin = ['meta-train', '--data', data, '--target', target, '--iterations', '1', ...smallMeta];

/** Refused with this exit code and message, in words and without a stack trace. */
async function refused(args: string[], code: number, ...messages: RegExp[]): Promise<void> {
  const ended = await medetection(args);
  assert.is(ended.code, code, ended.stderr);
  for (const message of messages) assert.match(ended.stderr, message);
  // Of ours: where there is no driver, Dawn itself prints a place in its C++ sources.
  assert.not.match(ended.stderr, /^\s+at .*(\.[cm]?[jt]s|node:)/m);
  assert.is(ended.stdout.replace(/^adapter: .*\n/, ''), '');
}

test('what is typed wrong: exit code 2, and what there is', async () => {
  await Promise.all([
    refused(
      ['meta-train', '--dat', data],
      2,
      /--data <dir>/,
      /unknown option '--dat'\n\(Did you mean --data/,
    ),
    refused(['meta-trian'], 2, /unknown command 'meta-trian'\n\(Did you mean meta-train\?\)/, /evaluate/),
    refused(
      [...begin, '--attention', 'up'],
      2,
      /'up' is invalid\. It must be one of none, low, high, multiple/,
    ),
    refused(
      ['fine-tune', '--init', 'random', '--decide', 'fpr:2'],
      2,
      /--decide <rule>' argument 'fpr:2' is invalid\. It must be f1, fpr:RATE .*, cost:RATIO .* or a number/,
    ),
    refused(['predict', 'a.png', '--run', data, '--threshold', 'f2'], 2, /'f2' is invalid\. It must be f1,/),
    refused(['evaluate', '--run', data, '--bootstrap', '39'], 2, /It must be an integer of at least 40/),
    refused([...begin, '--support', 'x'], 2, /--support <n>' argument 'x' is invalid/),
    refused(['meta-train', '--data', data], 2, /give --data DIR and --target TASK/),
    refused(['fine-tune', '--init', 'random'], 2, /give --data DIR and --target TASK/),
    refused(['fine-tune'], 2, /give --init RUN .*, --init random, or --resume RUN/),
    refused(
      ['fine-tune', '--resume', data, '--rate', '1'],
      2,
      /--rate: a resumed run has its own settings; with --resume go only --data, --epochs/,
    ),
    refused(
      ['meta-train', '--resume', data, '--width', '8'],
      2,
      /--width: a resumed run has its own settings/,
    ),
  ]);
});

test('data that are not there', async () => {
  await Promise.all([
    refused(['tasks', path('nothing')], 1, /nothing: the folder cannot be read \(ENOENT\)/, /class folders/),
    refused([...begin, '--target', 'cups'], 1, /there is no task "cups"; there are .*concrete_stain/),
    refused([...begin, '--tasks-per-step', '9'], 1, /a step draws 9 tasks, but 3 can be learned from/),
    refused([...begin, '--size', '48'], 1, /size 48 must be a multiple of 64/),
    refused([...begin, '--adapter', 'voodoo'], 1, /no WebGPU adapter found for "voodoo"/),
  ]);
});

test('what is typed does not fit the run', async () => {
  const trained = await medetection([...begin, '--out', path('run')]);
  assert.is(trained.code, 0, trained.stderr);
  const tune = ['fine-tune', '--epochs', '1', '--out', path('tuned'), '--init', path('run')];
  await refused(
    [...tune, '--width', '16'],
    1,
    /weights\.safetensors: tensor "[\w.]+" has shape \[8\S*\] in the file, the model needs one of shape \[16\S*\]/,
  );
  await refused(
    [...tune, '--target', drawn.learned[0]],
    1,
    new RegExp(`weights have learned from task ${drawn.learned[0]}: .*--allow-seen`),
  );
});

test('broken pictures stop a training, or are listed and left out', async () => {
  writeFileSync(path('data', drawn.learned[0], '1', '003.png'), 'not a picture');
  await refused([...begin, '--out', path('broken')], 1, /003\.png: .*run with --skip-broken/);
  const skipping = await medetection([...begin, '--out', path('broken'), '--skip-broken', '--json']);
  assert.is(skipping.code, 0, skipping.stderr);
  assert.match(skipping.stderr, /warning: left out .*003\.png: /);
  // And once more at the end, where it is seen.
  assert.match(skipping.stderr, /1 picture was left out, unreadable:\n .*003\.png: .*\ndone: 1 meta-steps/);
  assert.match(records(skipping.stdout).at(-1).skipped[0].path, /003\.png$/);
});

test('a folder without a picture to learn from: exit code 1', async () => {
  for (const kind of ['0', '1']) mkdirSync(path('blank', 'cups', kind), { recursive: true });
  const { code, stdout, stderr } = await medetection(['tasks', path('blank')]);
  assert.is(code, 1);
  assert.match(stdout, /^cups +classes +0 +0 /m);
  assert.match(stderr, /blank: nothing here can be learned from/);
});

test('MEDETECTION_DEBUG=1 shows where an error came from', async () => {
  mkdirSync(path('empty'));
  const { code, stderr } = await medetection(['tasks', path('empty')], { env: { MEDETECTION_DEBUG: '1' } });
  assert.is(code, 1);
  assert.match(stderr, /no task found[\s\S]*^\s+at /m);
});

test.run();
