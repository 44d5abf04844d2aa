import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { drawData, drawn, medetection, records, scratch, smallMeta, smallModel } from './support.ts';

const folder = scratch();
const data = await drawData(join(folder, 'data'));
const { target } = drawn;

/** Sends a signal when some output is seen, once. */
const when = (pattern: RegExp, signal: 'SIGINT' | 'SIGTERM') => {
  let sent = false;
  return (text: string, child: ChildProcess) => {
    if (sent || !pattern.test(text)) return;
    sent = true;
    child.kill(signal);
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
        ['step', last.iteration + 1],
        ['done', last.iteration + 1],
      ],
    );
    const log = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
    assert.is(log.length, last.iteration + 1);
  });

  test('SIGTERM stops a fine-tuning, whose best epoch can be measured', async () => {
    const out = join(folder, 'tuning');
    const stopped = await medetection(
      [
        ...['fine-tune', '--init', 'random', '--data', data, '--target', target, ...smallModel],
        ...['--epochs', '5000', '--patience', '5000', '--batch', '4', '--out', out, '--json'],
      ],
      { onOutput: when(/"epoch":1,/, 'SIGTERM') },
    );
    assert.is(stopped.code, 130, stopped.stderr);
    const last = records(stopped.stdout).at(-1);
    assert.is(last.event, 'interrupted');
    const evaluated = await medetection(['evaluate', '--run', out, '--json']);
    assert.is(evaluated.code, 0, evaluated.stderr);
    assert.equal(records(evaluated.stdout)[0].test, last.best.test);
  });
}

test.run();
