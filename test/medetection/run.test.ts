import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultDevice } from '../../src/device/index.ts';
import {
  defaultFineTune,
  defaultMetaTrain,
  type MetaTrainRequest,
  type ModelConfig,
  RunDetector,
  readConfig,
  resumeMetaTrain,
  runFineTune,
  runMetaTrain,
} from '../../src/medetection/index.ts';
import { encodeSafetensors } from '../../src/store/index.ts';
import { drawData, drawn, scratch } from '../cli/support.ts';
import { refused } from '../support/refused.ts';
import { small } from './support.ts';

const folder = scratch();
const data = await drawData(join(folder, 'data'));
const path = (...parts: string[]) => join(folder, ...parts);

const meta: MetaTrainRequest = {
  folder: path('run'),
  data,
  target: drawn.target,
  leaveOut: [],
  model: small,
  options: { ...defaultMetaTrain, iterations: 1, tasksPerStep: 2, support: 4, query: 4 },
  seed: 0,
  skipBroken: false,
  checkpointEvery: 1,
};
await runMetaTrain(meta);

const tune = (init: string, model: Partial<ModelConfig> = {}) =>
  runFineTune({
    folder: path('tuned'),
    data,
    target: drawn.target,
    init: path(init),
    model: { ...small, ...model },
    options: { ...defaultFineTune, epochs: 1 },
    seed: 0,
    skipBroken: false,
    allowSeen: false,
  });

const copy = (name: string) => {
  cpSync(path('run'), path(name), { recursive: true });
  return path(name);
};

test('folders that are no place for a run, or no run', async () => {
  await refused(runMetaTrain(meta), /run: the folder is not empty .*--out.*--resume/);
  await refused(RunDetector.open(path('run')), /meta-trained and is no detector yet: fine-tune it/);
  await refused(tune('data'), /data.config\.json: there is no such file: this is not the folder of a run/);
});

test('weights that do not fit the model are refused by name', async () => {
  await refused(
    tune('run', { width: 16 }),
    /weights\.safetensors: tensor "[\w.]+" has shape \[8\S*\] in the file, the model needs one of shape \[16\S*\]/,
  );
  await refused(tune('run', { attention: 'none' }), /tensor "attention\.\S+ and \d+ others have no place/);
  await refused(tune('run', { attention: 'high' }), /tensor "attention\.block4\.\S+ is missing/);
  const one = { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const;
  writeFileSync(join(copy('foreign'), 'weights.safetensors'), encodeSafetensors({ 'encoder.weight': one }));
  await refused(tune('foreign'), /foreign.weights\.safetensors: tensor "trunk\.\S+" is missing/);
});

test('files that were cut short are refused', async () => {
  truncateSync(join(copy('half'), 'weights.safetensors'), 2000);
  await refused(tune('half'), /half.weights\.safetensors: .*truncated.*the file is damaged/);
  const resume = { folder: path('half'), checkpointEvery: 1 };
  truncateSync(path('half', 'state.safetensors'), 0);
  await refused(resumeMetaTrain(resume), /half.state\.safetensors: truncated/);
  writeFileSync(path('half', 'config.json'), readFileSync(path('run', 'config.json')).subarray(0, 99));
  await refused(resumeMetaTrain(resume), /config\.json: not JSON .*the file is damaged/);
});

test('every field of a configuration is checked', async () => {
  const config = JSON.parse(readFileSync(path('run', 'config.json'), 'utf8'));
  const file = join(copy('edited'), 'config.json');
  const edited = (changes: object) => {
    writeFileSync(file, JSON.stringify({ ...config, ...changes }));
    return readConfig(path('edited'));
  };
  const { options } = await edited({});
  assert.equal(options, meta.options);
  for (const [field, value, words] of [
    ['iterations', '160', 'is "160"; it must be an integer of at least 1'],
    ['iterations', 1.5, 'is 1.5; it must be an integer of at least 1'],
    ['support', 1, 'is 1; it must be an integer of at least 2'],
    ['innerRate', null, 'is null; it must be a number above 0'],
    ['outerRate', -1, 'is -1; it must be a number above 0'],
    ['beta1', 1, 'is 1; it must be a number from 0 to below 1'],
    ['algorithm', 'mamo', 'is "mamo"; it must be one of maml, fomaml, reptile, anil'],
    ['innerOptimiser', undefined, 'is missing; it must be one of sgd, momentum, adam'],
    ['zeroHead', 1, 'is 1; it must be one of true, false'],
  ] as const)
    await refused(
      edited({ options: { ...config.options, [field]: value } }),
      new RegExp(`edited.config\\.json: options: ${field} ${words}`),
    );
  await refused(edited({ options: null }), /options or model is missing/);
  await refused(edited({ model: { ...config.model, size: 48 } }), /size 48 must be a multiple of 64/);
  await refused(edited({ tasks: undefined }), /the list of tasks learned from \(tasks\) is missing/);
  await refused(edited({ kind: 'fine-tune', seen: [] }), /options: epochs is missing; it must be an integer/);
  await refused(
    edited({ version: undefined }),
    /expected version 1 of a run's configuration, found undefined/,
  );
  await refused(runMetaTrain({ ...meta, options: { ...meta.options, query: 0 } }), /options: query is 0/);
});

test('pictures that are not those learned from', async () => {
  const pictures = path('data', drawn.learned[0], '0');
  writeFileSync(join(pictures, '000.png'), readFileSync(join(pictures, '001.png')));
  await refused(
    resumeMetaTrain({ folder: path('run'), iterations: 2, checkpointEvery: 1 }),
    new RegExp(`pictures of task ${drawn.learned[0]} are not those`),
  );
});

test.after(async () => (await defaultDevice()).dispose());
test.run();
