import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeSafetensors } from '../../src/store/index.ts';
import { drawData, drawn, medetection, scratch, smallMeta } from './support.ts';

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
  assert.not.match(ended.stderr, /^\s+at /m);
  assert.is(ended.stdout.replace(/^adapter: .*\n/, ''), '');
}

test('what is typed wrong: exit code 2, and what there is', async () => {
  await refused(
    ['meta-train', '--dat', data],
    2,
    /--data <dir>/,
    /unknown option '--dat'\n\(Did you mean --data/,
  );
  await refused(['meta-trian'], 2, /unknown command 'meta-trian'\n\(Did you mean meta-train\?\)/, /evaluate/);
  await refused(
    [...begin, '--attention', 'up'],
    2,
    /'up' is invalid\. It must be one of none, low, high, multiple/,
  );
  await refused([...begin, '--support', 'x'], 2, /--support <n>' argument 'x' is invalid/);
  await refused(['meta-train', '--data', data], 2, /give --data DIR and --target TASK/);
  await refused(['fine-tune', '--init', 'random'], 2, /give --data DIR and --target TASK/);
  await refused(
    ['meta-train', '--resume', data, '--width', '8'],
    2,
    /--width: a resumed run has its own settings/,
  );
});

test('data that are not there', async () => {
  await refused(
    ['tasks', path('nothing')],
    1,
    /nothing: the folder cannot be read \(ENOENT\)/,
    /class folders/,
  );
  await refused([...begin, '--target', 'cups'], 1, /there is no task "cups"; there are .*concrete_stain/);
  await refused([...begin, '--tasks-per-step', '9'], 1, /a step draws 9 tasks, but 3 can be learned from/);
  await refused([...begin, '--size', '48'], 1, /size 48 must be a multiple of 64/);
  await refused([...begin, '--adapter', 'voodoo'], 1, /no WebGPU adapter found for "voodoo"/);
});

test('folders and weights that do not fit', async () => {
  const trained = await medetection([...begin, '--out', path('run')]);
  assert.is(trained.code, 0, trained.stderr);
  const tune = ['fine-tune', '--epochs', '1', '--out', path('tuned'), '--init'];

  await refused([...begin, '--out', path('run')], 1, /run: the folder is not empty .*--out.*--resume/);
  await refused(['evaluate', '--run', path('run')], 1, /meta-trained and is no detector yet: fine-tune it/);
  await refused(
    [...tune, path('run'), '--width', '16'],
    1,
    /weights\.safetensors: tensor "[\w.]+" has shape \[8\S*\] in the file, the model needs one of shape \[16\S*\]/,
  );
  await refused(
    [...tune, path('run'), '--attention', 'none'],
    1,
    /tensor "attention\.\S+ and \d+ others have no place/,
  );
  await refused(
    [...tune, path('run'), '--attention', 'high'],
    1,
    /tensor "attention\.block4\.\S+ is missing/,
  );
  await refused(
    [...tune, path('data')],
    1,
    /data.config\.json: there is no such file: this is not the folder of a run/,
  );

  const copy = (name: string) => {
    cpSync(path('run'), path(name), { recursive: true });
    return path(name);
  };
  truncateSync(join(copy('half'), 'weights.safetensors'), 2000);
  await refused([...tune, path('half')], 1, /half.weights\.safetensors: .*truncated.*the file is damaged/);
  truncateSync(path('half', 'state.safetensors'), 0);
  await refused(['meta-train', '--resume', path('half')], 1, /half.state\.safetensors: truncated/);

  const one = { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const;
  writeFileSync(join(copy('foreign'), 'weights.safetensors'), encodeSafetensors({ 'encoder.weight': one }));
  await refused(
    [...tune, path('foreign')],
    1,
    /foreign.weights\.safetensors: tensor "trunk\.\S+" is missing/,
  );
  writeFileSync(path('foreign', 'config.json'), '{"architectures": []}');
  await refused(
    [...tune, path('foreign')],
    1,
    /expected version 1 of a run's configuration, found undefined/,
  );
  writeFileSync(path('foreign', 'config.json'), readFileSync(path('run', 'config.json')).subarray(0, 99));
  await refused([...tune, path('foreign')], 1, /config\.json: not JSON .*the file is damaged/);

  // A picture of a task learned from is another one now.
  const pictures = path('data', drawn.learned[0], '0');
  writeFileSync(join(pictures, '000.png'), readFileSync(join(pictures, '001.png')));
  await refused(
    ['meta-train', '--resume', path('run'), '--iterations', '2'],
    1,
    new RegExp(`pictures of task ${drawn.learned[0]} are not those`),
  );
});

test('broken pictures stop a training, or are listed and left out', async () => {
  writeFileSync(path('data', drawn.learned[0], '1', '003.png'), 'not a picture');
  await refused([...begin, '--out', path('broken')], 1, /003\.png: .*run with --skip-broken/);
  const skipping = await medetection([...begin, '--out', path('broken'), '--skip-broken', '--json']);
  assert.is(skipping.code, 0, skipping.stderr);
  assert.match(skipping.stderr, /warning: left out .*003\.png: /);
});

test('MEDETECTION_DEBUG=1 shows where an error came from', async () => {
  mkdirSync(path('empty'));
  const { code, stderr } = await medetection(['tasks', path('empty')], { env: { MEDETECTION_DEBUG: '1' } });
  assert.is(code, 1);
  assert.match(stderr, /no task found[\s\S]*^\s+at /m);
});

test.run();
