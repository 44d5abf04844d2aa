import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makePlan } from '../../src/compile/index.ts';
import { defaultTuning, loadShaders, openDevice, type Tuning } from '../../src/device/index.ts';
import { parseTuning } from '../../src/device/tuning.ts';
import { tuningKey, tuningPath } from '../../src/device/tuning-file.ts';
import { input } from '../../src/graph/source.ts';
import * as ops from '../../src/ops/index.ts';
import { choose, makeFolder, type Search, saveTuning, searchesFor, tune } from '../../src/tune/index.ts';
import { assertAgree } from '../support/assert-close.ts';
import { leaf } from '../support/leaves.ts';
import { capabilities, planAndRun } from '../support/run-plan.ts';

const test = suite('tuning');
const folder = mkdtempSync(join(tmpdir(), 'medetection tune-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const changed: Tuning = { ...defaultTuning, simd: { ...defaultTuning.simd, matmulRows: 8 } };

test('JSON of a tuning is read, and nothing else', () => {
  const json = JSON.stringify(changed);
  assert.equal(parseTuning(JSON.parse(json)), changed);
  for (const broken of [
    'null',
    '3',
    '{}',
    json.replace('"matmulRows":8', '"matmulRows":0'),
    json.replace('"matmulRows":8', '"matmulRows":"8"'),
    json.replace('"matmulRows":8', '"matmulRows":2.5'),
    json.replace('"matmulRows":8', '"matmulRows":8,"more":1'),
    json.replace('"matmulRows":8', '"others":8'),
    json.replace('"m":32', '"m":33'),
    json.replace('"rows":2', '"rows":16'),
  ]) {
    assert.not.equal(broken, json);
    assert.is(parseTuning(JSON.parse(broken)), undefined, broken);
  }
});

for (const family of ['simd', 'tiled'] as const)
  test(`every search for ${family}: its values are tunings, the default among them, and make other kernels`, async () => {
    await loadShaders();
    const device = { ...capabilities, family };
    for (const { name, problems, values } of searchesFor(device)) {
      const tunings = values.map(({ set }) => set(defaultTuning));
      for (const [i, t] of tunings.entries())
        assert.equal(parseTuning(JSON.parse(JSON.stringify(t))), t, `${name}: ${values[i].label}`);
      const defaults = tunings.filter((t) => JSON.stringify(t) === JSON.stringify(defaultTuning));
      assert.is(defaults.length, 1, `${name}: the default is among the values once`);
      const kernels = problems.map(({ make }) => {
        let arguments_ = 0;
        const y = make((...shape) => input(arguments_++, shape, 'f32'));
        const plans = tunings.map((tuning) => makePlan([y], arguments_, { ...device, tuning }));
        return new Set(plans.map((plan) => JSON.stringify(plan.dispatches.map((d) => d.kernel)))).size;
      });
      assert.ok(Math.max(...kernels) > 1, `${name}: ${kernels} different plans`);
    }
  });

test('the fastest is chosen, if it is clearly faster and was tried on every problem', () => {
  assert.equal(choose([[2, 1, 4]]), { index: 1, speedup: 2 });
  assert.equal(choose([[2, 1.99, 4]]), { index: 0, speedup: 1 });
  assert.equal(choose([[2, undefined, 4]]), { index: 0, speedup: 1 });
  assert.equal(
    choose([
      [2, 1, 0.5],
      [2, undefined, 2],
    ]),
    { index: 2, speedup: 2 },
  );
  // The default was refused, or not reached.
  assert.equal(choose([[undefined, undefined, 4]]), { index: 0, speedup: 1 });
});

const matmulRows: Search = {
  name: 'rows',
  problems: [
    { shape: '64x64x64', make: (operand) => ops.matmul(operand(64, 64), operand(64, 64)) },
    { shape: '32x32x32', make: (operand) => ops.matmul(operand(32, 32), operand(32, 32)) },
  ],
  values: [8, defaultTuning.simd.matmulRows].map((rows) => ({
    label: `${rows}`,
    set: (t) => ({ ...t, simd: { ...t.simd, matmulRows: rows } }),
  })),
};

test('a search tries its values on its problems, the default first', async () => {
  const device = await openDevice();
  const told: string[] = [];
  const { tuning, trials, choices, skipped } = await tune(device, {
    seconds: 4,
    searches: [matmulRows],
    onSearch: (done, of, name) => told.push(`${done}/${of} ${name}`),
  });
  assert.equal(told, ['0/1 rows']);
  assert.equal(
    trials.map((t) => `${t.shape} ${t.value}`),
    ['64x64x64', '32x32x32'].flatMap((shape) => [`${shape} ${defaultTuning.simd.matmulRows}`, `${shape} 8`]),
  );
  assert.ok(trials.every((t) => t.seconds > 0));
  assert.is(choices.length, 1);
  assert.equal(tuning, matmulRows.values.find((v) => v.label === choices[0].value)!.set(defaultTuning));
  assert.equal(skipped, []);
  device.dispose();
});

test('without time every search keeps the default, and says so; a raised signal ends at once', async () => {
  const device = await openDevice();
  const late = await tune(device, { seconds: 0, searches: [matmulRows] });
  assert.equal(late, { tuning: defaultTuning, trials: [], choices: [], skipped: ['rows'] });
  const stopped = await tune(device, { searches: [matmulRows], signal: AbortSignal.abort() });
  assert.equal(stopped, { tuning: defaultTuning, trials: [], choices: [], skipped: [] });
  device.dispose();
});

test('the same tuning gives the same bits, another the same numbers', async () => {
  const device = await openDevice();
  const y = ops.matmul(leaf(40, 24), leaf(24, 36));
  const [first, again, other] = [
    await planAndRun([y], device, { tuning: changed }),
    await planAndRun([y], device, { tuning: changed }),
    await planAndRun([y], device),
  ];
  assert.equal(first.values, again.values);
  assertAgree(y, first.values[0], other.values[0], 1e-6, 'tunings');
  device.dispose();
});

/* What is saved is found again when a device is opened. */

const cache = join(folder, 'cache');

async function opened(): Promise<{ tuning: Tuning; tuned: boolean; warnings: string[] }> {
  const warnings: string[] = [];
  const { warn } = console;
  console.warn = (text: string) => warnings.push(text);
  try {
    const device = await openDevice();
    const {
      tuned,
      capabilities: { tuning },
    } = device;
    device.dispose();
    return { tuning, tuned, warnings };
  } finally {
    console.warn = warn;
  }
}

test('what is saved is found again, beside what others saved; none is none', async () => {
  process.env.MEDETECTION_CACHE = cache;
  const path = (await tuningPath())!;
  assert.is(path, join(cache, 'tuning.json'));
  assert.equal(await opened(), { tuning: defaultTuning, tuned: false, warnings: [] });
  await makeFolder(path);
  writeFileSync(path, JSON.stringify({ 'another adapter': 'of a version to come' }));
  assert.equal(await opened(), { tuning: defaultTuning, tuned: false, warnings: [] });
  const device = await openDevice();
  await saveTuning(path, device, changed);
  const key = await tuningKey(device.adapterInfo, device.runtime);
  device.dispose();
  assert.match(key, device.adapterInfo.description);
  assert.equal(JSON.parse(readFileSync(path, 'utf8')), {
    'another adapter': 'of a version to come',
    [key]: changed,
  });
  assert.equal(await opened(), { tuning: changed, tuned: true, warnings: [] });
  process.env.MEDETECTION_CACHE = 'none';
  assert.is(await tuningPath(), undefined);
  assert.equal(await opened(), { tuning: defaultTuning, tuned: false, warnings: [] });
});

test("the folder is the one named, else the system's for caches", async () => {
  delete process.env.MEDETECTION_CACHE;
  const variable = process.platform === 'win32' ? 'LOCALAPPDATA' : 'XDG_CACHE_HOME';
  const before = process.env[variable];
  process.env[variable] = folder;
  assert.is(await tuningPath(), join(folder, 'medetection', 'tuning.json'));
  if (before === undefined) delete process.env[variable];
  else process.env[variable] = before;
  process.env.MEDETECTION_CACHE = 'none';
});

test('a broken file costs one warning and the tuning, and is replaced by the next', async () => {
  process.env.MEDETECTION_CACHE = cache;
  const path = (await tuningPath())!;
  writeFileSync(path, '{ "cut off');
  const { warnings, ...rest } = await opened();
  assert.equal(rest, { tuning: defaultTuning, tuned: false });
  assert.is(warnings.length, 1);
  assert.ok(warnings[0].startsWith(`warning: ${path} is ignored: `), warnings[0]);
  assert.match(warnings[0], 'kernels keep their default tuning');
  assert.equal((await opened()).warnings, []);
  const device = await openDevice();
  await saveTuning(path, device, changed);
  device.dispose();
  assert.equal((await opened()).tuning, changed);
  process.env.MEDETECTION_CACHE = 'none';
});

test('a folder that cannot be made: the error says what to do', async () => {
  writeFileSync(join(folder, 'file'), '');
  const path = join(folder, 'file', 'tuning.json');
  const error = await makeFolder(path).then(
    () => undefined,
    (e: Error) => e,
  );
  assert.match(error!.message, /^cannot make the folder of .*; set MEDETECTION_CACHE to a writable folder$/);
});

test.run();
