import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { drawData, drawn, medetection, records, scratch, send, smallMeta, smallModel } from './support.ts';

const folder = scratch();
const data = await drawData(join(folder, 'data'));
const { target } = drawn;

/** Sends a signal when some output is seen, once. */
const when = (pattern: RegExp, signal: 'SIGINT' | 'SIGTERM') => {
  let sent = false;
  return (text: string, child: ChildProcess) => {
    if (sent || !pattern.test(text)) return;
    sent = true;
    send(child, signal);
  };
};

if (process.platform === 'win32') console.log('not run on Windows, which has no signals');
else {
  test('Ctrl-C saves a meta-training and says how to go on', async () => {
    const out = join(folder, 'stopped');
    const begin = ['meta-train', '--data', data, '--target', target, ...smallMeta, '--out', out];
    const stopped = await medetection([...begin, '--iterations', '5000', '--json'], {
      onOutput: when(/"iteration":2,/, 'SIGINT'),
    });
    assert.is(stopped.code, 130, stopped.stderr);
    const last = records(stopped.stdout).at(-1);
    assert.is(last.event, 'interrupted');
    assert.ok(last.iteration >= 2 && last.iteration < 5000);
    assert.match(stopped.stderr, /to go on: .* meta-train --resume '?\/.*stopped'?\n/);
    assert.ok(stopped.stderr.includes(`to go on: ${last.next}`));

    const more = String(last.iteration + 1);
    const resumed = await medetection(['meta-train', '--resume', out, '--iterations', more, '--json']);
    assert.is(resumed.code, 0, resumed.stderr);
    assert.equal(
      records(resumed.stdout).map((r) => [r.event, r.iteration]),
      [
        ['memory', undefined],
        ['step', last.iteration + 1],
        ['done', last.iteration + 1],
      ],
    );
    const log = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
    assert.is(log.length, last.iteration + 1);
  });

  test('Ctrl-C stops a fine-tuning, whose best epoch can be measured, and says how to go on', async () => {
    const out = join(folder, 'tuning');
    const stopped = await medetection(
      [
        ...['fine-tune', '--init', 'random', '--data', data, '--target', target, ...smallModel],
        ...['--epochs', '5000', '--patience', '5000', '--batch', '4', '--out', out, '--json'],
      ],
      { onOutput: when(/"epoch":1,/, 'SIGINT') },
    );
    assert.is(stopped.code, 130, stopped.stderr);
    const lines = records(stopped.stdout);
    const last = lines.at(-1);
    assert.is(last.event, 'interrupted');
    assert.match(last.next, / fine-tune --resume '?\/.*tuning'?$/);
    assert.ok(stopped.stderr.includes(`to go on: ${last.next}`));
    const evaluated = await medetection(['evaluate', '--run', out, '--json']);
    assert.is(evaluated.code, 0, evaluated.stderr);
    assert.equal(records(evaluated.stdout)[0].test, last.best.test);

    const done = lines.filter(({ event }) => event === 'epoch').length - 1;
    const resumed = await medetection(['fine-tune', '--resume', out, '--epochs', String(done + 1), '--json']);
    assert.is(resumed.code, 0, resumed.stderr);
    assert.equal(
      records(resumed.stdout).map((r) => [r.event, r.epoch]),
      [
        ['epoch', done + 1],
        ['done', undefined],
      ],
    );
    assert.match(resumed.stderr, new RegExp(`going on after epoch ${done}`));
  });

  test('SIGTERM in the demo: the command that goes on with the run under way', async () => {
    const out = join(folder, 'demo');
    const demo = ['demo', '--iterations', '1', '--out', out, '--json'];
    const stopped = await medetection(demo, { onOutput: when(/"epoch":1,/, 'SIGTERM') });
    assert.is(stopped.code, 130, stopped.stderr);
    assert.match(
      stopped.stderr,
      /stopped after epoch \d of 8; to go on with the fine-tuning: .* fine-tune --resume .*fine-tune-meta-trained/,
    );
  });
}

test.run();
