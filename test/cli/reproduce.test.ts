import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { medetection, records, scratch, send } from './support.ts';

const folder = scratch();
const small = ['--tasks-per-step', '2', '--shots', '4', '--test-tasks', '4'];

test('a study: trained, measured, drawn, its figures in a table and in a file', async () => {
  const out = join(folder, 'whole');
  const study = ['reproduce', 'sinusoid', '--iterations', '10', '--seeds', '3,5', ...small, '--out', out];
  const { code, stdout, stderr } = await medetection([...study, '--method', 'joint', '--json']);
  assert.is(code, 0, stderr);
  const lines = records(stdout);
  assert.equal(
    lines.map(({ event, method, seed }) => [event, method, seed]),
    [
      ['begin', 'joint', 3],
      ['run', 'joint', 3],
      ['begin', 'joint', 5],
      ['run', 'joint', 5],
      ['done', undefined, undefined],
    ],
  );
  assert.is(lines.at(-1).compared.length, 11);
  assert.match(stderr, /mean squared error over 4 test tasks, mean over seeds 3, 5/);
  assert.match(stderr, /no figures of reference for these settings/);
  const { runs } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
  const median = (runs[0].evaluation.steps[2].median + runs[1].evaluation.steps[2].median) / 2;
  assert.match(stderr, new RegExp(`joint +2 +${median.toFixed(3)} `));
  assert.match(readFileSync(join(out, 'adaptation.svg'), 'utf8'), /^<svg/);
});

test('what was typed wrongly, and folders that are no study, are refused', async () => {
  const refused = async (args: readonly string[], code: number, message: RegExp) => {
    const ended = await medetection(['reproduce', 'sinusoid', ...args]);
    assert.is(ended.code, code, ended.stderr);
    assert.match(ended.stderr, message);
  };
  await refused(['--method', 'third-order'], 2, /must be one of second-order, first-order, joint, all/);
  await refused(['--seeds', '0,x'], 2, /must be an integer of at least 0/);
  const resume = ['--resume', join(folder, 'nothing')];
  await refused(resume, 1, /nothing.results\.json: there is no such folder/);
  await refused([...resume, '--shots', '5'], 2, /--shots: a resumed run has its own settings/);
  await refused(['--out', join(folder, 'whole'), ...small], 1, /whole: the folder is not empty/);
});

if (process.platform === 'win32') console.log('Ctrl-C: not run on Windows, which has no signals');
else
  test('Ctrl-C saves, and says how to go on', async () => {
    const out = join(folder, 'stopped');
    const begin = ['reproduce', 'sinusoid', '--iterations', '100000', '--method', 'joint', ...small];
    let sent = false;
    const stopped = await medetection([...begin, '--out', out, '--checkpoint-every', '10', '--json'], {
      onOutput: (_, child) => {
        // Once it trains.
        if (sent || !existsSync(join(out, 'joint-seed-0', 'state.safetensors'))) return;
        sent = true;
        send(child, 'SIGINT');
      },
    });
    assert.is(stopped.code, 130, stopped.stderr);
    const last = records(stopped.stdout).at(-1);
    assert.is(last.event, 'interrupted');
    assert.match(last.next, / reproduce sinusoid --resume '?\/.*stopped'?$/);
    assert.ok(stopped.stderr.includes(`to go on: ${last.next}`));
    assert.ok(existsSync(join(out, 'joint-seed-0', 'state.safetensors')));
  });

test.run();
