import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Cell, cellFiles, makeFolders } from '../../src/experiments/cell.ts';
import { cellsOfRequest } from '../../src/experiments/collect.ts';
import { experiments } from '../../src/experiments/experiments.ts';
import { withLock } from '../../src/experiments/lock.ts';
import { type Outcome, runCells, withNeeds } from '../../src/experiments/schedule.ts';
import { stagesOf, writeSlurm } from '../../src/experiments/slurm.ts';
import { requestFor, scratch } from './support.ts';

const named = (name: string) => experiments.find((experiment) => experiment.name === name)!;
const cells = cellsOfRequest(named('table3'), requestFor('table3', { targets: ['caps'], seeds: [0] }));
const [random, meta, maml] = cells.map(({ id }) => id);

test('what a cell needs is all that its needs need', () => {
  const all = cellsOfRequest(named('figure5'), requestFor('figure5'));
  const chosen = all.filter(({ id }) => id === 'localise.tiles.seed-1');
  assert.equal(
    withNeeds(all, chosen).map(({ id }) => id),
    [
      'fine-tune.tiles.ca-low.random.all.seed-1',
      'meta-train.tiles.ca-low.seed-1',
      'fine-tune.tiles.ca-low.maml.all.seed-1',
      'localise.tiles.seed-1',
    ],
  );
});

/** Runs cells by a line of JavaScript in which `id` is the cell's. */
async function run(code: string, jobs: number, signal?: AbortSignal, onBegin?: (cell: Cell) => void) {
  const folder = scratch();
  await makeFolders(folder);
  const events: string[] = [];
  const outcomes = await runCells(
    folder,
    cells,
    jobs,
    ({ id }) => [process.execPath, '-e', `const id = ${JSON.stringify(id)}; ${code}`],
    {
      signal,
      onBegin: (cell) => {
        events.push(`begin ${cell.id}`);
        onBegin?.(cell);
      },
      onEnd: ({ id }, { state }) => events.push(`${state} ${id}`),
    },
  );
  return { folder, outcomes, events, states: [...outcomes.values()].map(({ state }) => state) };
}

if (process.versions.deno) console.log('processes: not run under Deno, whose -e is another one');
else {
  test('cells run in processes, those that are needed first, and as many at once as allowed', async () => {
    const one = await run('console.log(id)', 1);
    assert.equal(
      one.events,
      cells.flatMap(({ id }) => [`begin ${id}`, `done ${id}`]),
    );
    assert.is(readFileSync(cellFiles.log(one.folder, meta), 'utf8'), `${meta}\n`);
    const two = await run('setTimeout(() => {}, 300)', 2);
    assert.equal(two.events.slice(0, 2), [`begin ${random}`, `begin ${meta}`]);
    assert.ok(two.events.indexOf(`begin ${maml}`) > two.events.indexOf(`done ${meta}`));
  });

  test('a cell that fails stops those alone that need it', async () => {
    const { folder, outcomes, events } = await run(
      "if (id.startsWith('meta-train')) { console.error('no luck'); process.exit(3); }",
      1,
    );
    assert.equal(outcomes.get(meta), {
      state: 'failed',
      reason: 'exit code 3',
      log: cellFiles.log(folder, meta),
    });
    assert.equal(outcomes.get(maml), { state: 'blocked', by: meta });
    assert.is(outcomes.get(random)?.state, 'done');
    assert.not.ok(events.includes(`begin ${maml}`));
    assert.is(readFileSync(cellFiles.log(folder, meta), 'utf8'), 'no luck\n');
  });

  test('a program that is not there is a failure, and so is a process that was killed', async () => {
    const folder = scratch();
    await makeFolders(folder);
    const outcomes = await runCells(folder, [cells[0]], 1, () => ['/no/such/program']);
    assert.match((outcomes.get(random) as Extract<Outcome, { state: 'failed' }>).reason, /ENOENT/);
    const killed = await run("process.kill(process.pid, 'SIGKILL')", 1);
    assert.is(
      (killed.outcomes.get(random) as Extract<Outcome, { state: 'failed' }>).reason,
      'ended by SIGKILL',
    );
  });

  test('stopped: the cells under way are told, and no other begins', async () => {
    const controller = new AbortController();
    const stopSoon = () => setTimeout(() => controller.abort(), 700);
    const { states, events } = await run(
      "process.on('SIGTERM', () => process.exit(130)); setTimeout(() => process.exit(5), 20000)",
      1,
      controller.signal,
      stopSoon,
    );
    assert.equal(states, ['stopped', 'stopped', 'stopped']);
    assert.is(events.filter((event) => event.startsWith('begin')).length, 1);
  });
}

test('a lock: one after the other, and that of a dead process is taken over', async () => {
  const path = join(scratch(), 'lock');
  const order: string[] = [];
  const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));
  const first = withLock(path, async () => {
    order.push('first begins');
    await wait(100);
    order.push('first ends');
  });
  await wait(20);
  const second = withLock(path, async () => order.push('second'), {
    onWait: (holder) => order.push(`waits for ${holder}`),
  });
  await Promise.all([first, second]);
  assert.equal(order, [
    'first begins',
    `waits for process ${process.pid} on ${hostname()}`,
    'first ends',
    'second',
  ]);

  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(path, JSON.stringify({ host: hostname(), pid }));
  assert.is(await withLock(path, async () => 'taken over'), 'taken over');
  // Of another machine: by its age.
  writeFileSync(path, JSON.stringify({ host: 'elsewhere', pid: 1 }));
  const old = new Date(Date.now() - 600_000);
  utimesSync(path, old, old);
  assert.is(await withLock(path, async () => 'taken over'), 'taken over');

  writeFileSync(path, JSON.stringify({ host: 'elsewhere', pid: 1 }));
  const signal = AbortSignal.timeout(100);
  const error = await withLock(path, assert.unreachable as () => Promise<void>, { signal }).catch((e) => e);
  assert.is(error.name, 'Interrupted');
  assert.ok(readFileSync(path, 'utf8').includes('elsewhere'));
});

test('stages: what is needed comes in an array before', () => {
  assert.equal(
    stagesOf(cells).map((stage) => stage.map(({ id }) => id)),
    [[random, meta], [maml]],
  );
  // The meta-training is finished: nothing to wait for.
  assert.equal(
    stagesOf([cells[0], cells[2]]).map((stage) => stage.map(({ id }) => id)),
    [[random, maml]],
  );
});

if (process.platform === 'win32') console.log('job arrays: not run on Windows, which has no bash');
else
  test('a job array: every cell once, each stage after the one before', async () => {
    const folder = join(scratch(), "it's here");
    await makeFolders(folder);
    const note = [
      process.execPath,
      ...(process.versions.deno ? ['run', '-A'] : []),
      join(folder, 'note.cjs'),
    ];
    writeFileSync(
      join(folder, 'note.cjs'),
      "require('node:fs').appendFileSync('ran.txt', process.argv.slice(2).join(' ') + '\\n');",
    );
    const submit = await writeSlurm(folder, 'table3', cells, [...note, 'run'], folder);
    const job = join(submit, '..', 'job.sh');
    for (const script of [submit, job]) {
      const { status, stderr } = spawnSync('bash', ['-n', script], { encoding: 'utf8' });
      assert.is(status, 0, stderr);
    }
    assert.match(readFileSync(job, 'utf8'), /^#!\/bin\/bash\n(#SBATCH .*\n)+#/);
    // A cluster of one: notes what it was asked for, and runs the array at once.
    mkdirSync(join(folder, 'bin'));
    const sbatch = join(folder, 'bin', 'sbatch');
    writeFileSync(
      sbatch,
      [
        '#!/bin/bash',
        'set -e',
        'echo "$@" >> asked.txt',
        // The last two words are the job and its list.
        `for word in "$@"; do case "$word" in --array=*) last=\${word#--array=0-};; esac; done`,
        `for i in $(seq 0 "$last"); do SLURM_ARRAY_TASK_ID=$i bash "\${@: -2:1}" "\${@: -1}" >&2; done`,
        'echo "$((40 + $(wc -l < asked.txt)));cluster"',
      ].join('\n'),
    );
    chmodSync(sbatch, 0o755);
    const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
    const { status, stderr } = spawnSync('bash', [submit, '--partition=gpu'], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    assert.is(status, 0, stderr);
    assert.equal(
      readFileSync(join(folder, 'ran.txt'), 'utf8').split('\n'),
      [random, meta, maml].map((id) => `run ${id}`).concat(''),
    );
    const [first, second] = readFileSync(join(folder, 'asked.txt'), 'utf8').split('\n');
    assert.match(first, /^--parsable --array=0-1 --partition=gpu /);
    assert.match(second, /^--parsable --array=0-0 --dependency=afterany:41 --partition=gpu /);
  });

test.run();
