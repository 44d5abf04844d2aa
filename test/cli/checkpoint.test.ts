import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultDevice } from '../../src/device/index.ts';
import { defaultMetaTrain, defaultModel, loadState, runMetaTrain } from '../../src/medetection/index.ts';
import { drawData, drawn, scratch } from './support.ts';

const folder = scratch();
const data = await drawData(join(folder, 'data'));
const model = { ...defaultModel, size: 32, width: 8 };

/** Trains three steps; from the first on, a folder is in the place of the saved state. */
function train(name: string, warnings: string[], clearAt?: number) {
  const state = join(folder, name, 'state.safetensors');
  return runMetaTrain(
    {
      folder: join(folder, name),
      data,
      target: drawn.target,
      leaveOut: [],
      model,
      options: { ...defaultMetaTrain, iterations: 3, tasksPerStep: 2, support: 4, query: 4 },
      seed: 0,
      skipBroken: false,
      checkpointEvery: 1,
    },
    {
      warn: (warning) => warnings.push(warning),
      onStep: ({ iteration }) => {
        if (iteration === 1) {
          rmSync(state);
          mkdirSync(state);
        }
        if (iteration === clearAt) rmdirSync(state);
      },
    },
  );
}

test('a checkpoint that cannot be written is a warning', async () => {
  const warnings: string[] = [];
  const run = await train('passing', warnings, 3);
  assert.is(run.iteration, 3);
  const checkpoints = warnings.filter((w) => w.includes('checkpoint'));
  assert.is(checkpoints.length, 2);
  assert.match(
    checkpoints[0],
    /the checkpoint of step 1 was not saved, training goes on: .*state\.safetensors/,
  );
  assert.is((await loadState(run.folder, model, run.config.options)).iteration, 3);
});

test('the last save must succeed', async () => {
  try {
    await train('lasting', []);
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /lasting.state\.safetensors: /);
  }
});

test.after(async () => (await defaultDevice()).dispose());
test.run();
