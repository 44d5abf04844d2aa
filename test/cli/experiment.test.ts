import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { drawData, drawn, medetection, records, scratch, send } from './support.ts';

const folder = scratch();
const data = await drawData(join(folder, 'data'));
const out = join(folder, 'out');
const { target } = drawn;
const settings = [
  ...['model.size=32', 'model.width=8', 'checkpointEvery=1'],
  ...['metaTrain.iterations=40', 'metaTrain.tasksPerStep=2', 'metaTrain.support=4', 'metaTrain.query=4'],
  ...['fineTune.epochs=2', 'fineTune.batch=8', 'fineTune.references=2'],
];
const table3 = ['experiment', 'table3', '--data', data, '--out', out, '--targets', target, '--json'];
const asked = [...table3, '--set', ...settings];
const [random, meta, maml] = [
  `fine-tune.${target}.ca-low.random.all.seed-0`,
  `meta-train.${target}.ca-low.seed-0`,
  `fine-tune.${target}.ca-low.maml.all.seed-0`,
];
const result = (id: string) => join(out, 'results', `${id}.json`);

test('a meta-training that was killed fails its cell, holds back what needs it, and stops nothing else', async () => {
  const log = join(out, 'runs', meta, 'metrics.jsonl');
  let killed = false;
  const ended = await medetection([...asked, '--jobs', '2'], {
    onOutput: () => {
      if (killed) return;
      killed = true;
      // The process of the cell is the one that holds its lock.
      const poll = setInterval(() => {
        if (!existsSync(log) || readFileSync(log, 'utf8').split('\n').length < 3) return;
        clearInterval(poll);
        process.kill(JSON.parse(readFileSync(join(out, 'locks', meta), 'utf8')).pid, 'SIGKILL');
      }, 20);
    },
  });
  assert.is(ended.code, 1, ended.stderr);
  const cells = records(ended.stdout).filter(({ event }) => event === 'cell');
  const states = Object.fromEntries(cells.map(({ cell, state }) => [cell, state]));
  assert.equal(states, { [random]: 'done', [meta]: 'failed', [maml]: 'blocked' });
  assert.match(ended.stderr, /2 of 3 cells failed; the same command tries them again:/);
  assert.match(ended.stderr, new RegExp(`${meta}: failed \\(ended by SIGKILL\\), see .*${meta}\\.log`));
  assert.match(ended.stderr, /2 of 3 cells are missing, the first is meta-train/);
});

test('the same command goes on where it was, and computes what is missing alone', async () => {
  const first = readFileSync(result(random), 'utf8');
  const before = readFileSync(join(out, 'runs', meta, 'metrics.jsonl'), 'utf8').split('\n');
  const ended = await medetection(asked);
  assert.is(ended.code, 0, ended.stderr);
  const begun = records(ended.stdout).flatMap(({ event, cell }) => (event === 'begin' ? cell : []));
  assert.equal(begun, [meta, maml]);
  assert.is(readFileSync(result(random), 'utf8'), first);
  const trained = JSON.parse(readFileSync(result(meta), 'utf8'));
  assert.is(trained.resumed, true);
  assert.is(trained.losses.length, 40);
  assert.is(trained.losses[0], JSON.parse(before[0]).queryLoss);
  assert.ok(trained.adapter.length > 0);
  const tuned = JSON.parse(readFileSync(result(maml), 'utf8'));
  assert.equal([tuned.resumed, tuned.epochs.length, tuned.cell.init], [false, 3, meta]);

  const { tables, missing } = records(ended.stdout).at(-1);
  assert.equal(missing, []);
  const kept = tuned.epochs.findLast(({ best }: { best: boolean }) => best);
  const row = tables[0].rows.find(([name, start]: string[]) => name === target && start === 'MAML');
  assert.is(row[tables[0].columns.indexOf('AUROC')], kept.test.auroc);
  assert.match(ended.stderr, /the paper: 256 px, 32\).*all 3 cells are finished.*MAML against random/s);
  assert.equal(readdirSync(join(out, 'locks')), []);
});

test('show makes the tables from what is there, and figure 4 draws from the same cells', async () => {
  const shown = await medetection(['experiment', 'show', out]);
  assert.is(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /Table 3.*all 3 cells are finished/s);
  const figure = asked.map((word) => (word === 'table3' ? 'figure4' : word));
  const drawn4 = await medetection(figure);
  assert.is(drawn4.code, 0, drawn4.stderr);
  assert.match(drawn4.stderr, /figure4: 3 cells in .*, 0 to run/);
  assert.ok(existsSync(join(out, 'figure4', 'figure4-recall.png')));
  rmSync(result(maml));
  const less = await medetection(['experiment', 'show', out, 'table3']);
  assert.match(less.stdout, /1 of 3 cells are missing.*MAML +0 of 1 +- /s);
});

test('what was asked for differently, and wrongly, is refused', async () => {
  const refused = async (args: readonly string[], code: number, message: RegExp) => {
    const ended = await medetection(args);
    assert.is(ended.code, code, ended.stderr);
    assert.match(ended.stderr, message);
  };
  await refused(
    [...asked, 'fineTune.rate=0.5'],
    1,
    /another configuration \(options\.rate: 0\.001, now 0\.5\)/,
  );
  await refused(
    [...asked, '--cells', 'no-such'],
    2,
    /no cell's name contains "no-such"; there are fine-tune/,
  );
  await refused(['experiment', 'show', folder], 1, /nothing was asked for in this folder/);
});

test('a job array runs cells of this program', async () => {
  const { code, stdout, stderr } = await medetection([...asked, '--slurm', '--adapter', 'software']);
  assert.is(code, 0, stderr);
  const last = records(stdout).at(-1);
  assert.equal(last.cells, [maml]);
  assert.match(stderr, /to submit: bash .*submit\.sh.*\nto collect: .* experiment show .* table3\n/);
  const job = readFileSync(join(last.script, '..', 'job.sh'), 'utf8');
  assert.match(job, /main\.[jt]s' 'experiment' 'run' '--adapter' 'software' '.*out' "\$cell"\n$/);
});

if (process.platform === 'win32') console.log('Ctrl-C: not run on Windows, which has no signals');
else
  test('Ctrl-C stops the cells under way, which save, and says how to go on', async () => {
    const own = join(folder, 'stopped');
    const long = ['--set', ...settings, 'metaTrain.iterations=100000'];
    let sent = false;
    const ended = await medetection(
      [...table3.map((word) => (word === out ? own : word)), ...long, '--cells', 'meta-train'],
      {
        onOutput: (text, child) => {
          if (sent || !text.includes('"begin"')) return;
          sent = true;
          const poll = setInterval(() => {
            // Once a step is done.
            const log = join(own, 'runs', meta, 'metrics.jsonl');
            if (!existsSync(log) || readFileSync(log, 'utf8') === '') return;
            clearInterval(poll);
            send(child, 'SIGINT');
          }, 50);
        },
      },
    );
    assert.is(ended.code, 130, ended.stderr);
    assert.match(
      ended.stderr,
      /stopped; what the cells had done is saved\. To go on: .* experiment table3 --data/,
    );
    assert.ok(existsSync(join(own, 'runs', meta, 'weights.safetensors')));
    assert.equal(readdirSync(join(own, 'locks')), []);
    const reached = readFileSync(join(own, 'runs', meta, 'metrics.jsonl'), 'utf8').split('\n').length - 1;
    assert.ok(reached >= 1 && reached < 100000);
  });

test.run();
