import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultDevice } from '../../src/device/index.ts';
import { type Tensor, tree } from '../../src/graph/index.ts';
import {
  algorithms,
  checkMetaTrainOptions,
  defaultMetaTrain,
  defaultsOf,
  initMetaState,
  initModel,
  labelledPairs,
  loadState,
  type MetaState,
  type MetaTrainOptions,
  metaTrain,
  saveState,
  startOf,
} from '../../src/medetection/index.ts';
import { networkLoss } from '../../src/medetection/meta-objective.ts';
import { byStatistics, collecting } from '../../src/nn/index.ts';
import { Random } from '../../src/random.ts';
import { drawnTask, small } from './support.ts';

const model = { ...small, width: 4, attention: 'none' } as const;
const folder = mkdtempSync(join(tmpdir(), 'medetection-'));
const tasks = [drawnTask(8, 1), drawnTask(8, 2)];
const params = initModel(model, new Random(0));

/** Which of the learned tensors differ between two states, by path. */
async function moved(before: MetaState, after: MetaState): Promise<string[]> {
  const values = async ({ params: p, rates, statistics }: MetaState) =>
    Promise.all(
      tree
        .entries({ params: p, rates, statistics })
        .map(async ([path, t]) => [path, await t.data()] as const),
    );
  const [a, b] = await Promise.all([before, after].map(values));
  assert.equal(
    a.map(([path, { length }]) => [path, length]),
    b.map(([path, { length }]) => [path, length]),
  );
  return a.filter(([, v], i) => v.some((x, j) => x !== b[i][1][j])).map(([path]) => path);
}

const run = (
  options: MetaTrainOptions,
  from: MetaState,
  afterFirst?: (state: MetaState) => Promise<void>,
): Promise<MetaState> =>
  metaTrain(tasks, model, options, from, new Random(5), {
    onStep: ({ iteration }, state) => (iteration === 1 ? afterFirst?.(state) : undefined),
  });

for (const algorithm of algorithms)
  test(`${algorithm}: learns, and goes on from a saved state to the same bits`, async () => {
    const whole: MetaTrainOptions = {
      ...defaultMetaTrain,
      algorithm,
      iterations: 2,
      tasksPerStep: 1,
      support: 2,
      query: 2,
      innerSteps: algorithm === 'maml++' ? 2 : 1,
      annealSteps: 1,
      cgSteps: 2,
    };
    const start = initMetaState(params, whole);
    const straight = await run(whole, start, (state) => saveState(folder, state));
    const again = await run(whole, await loadState(folder, model, whole));
    assert.is(again.iteration, 2);
    assert.equal(await moved(straight, again), []);
    const changed = await moved(start, again);
    assert.ok(changed.includes('params.trunk.block1.conv.weight'), changed.join(', '));
    const rates = changed.filter((path) => path.startsWith('rates.'));
    const learns = algorithm === 'meta-sgd' || algorithm === 'maml++';
    assert.is(rates.length > 0, learns, `rates that moved: ${rates.join(', ')}`);
    const seen = changed.filter((path) => path.startsWith('statistics.'));
    // Mean and variance of six normalisations, before the first step and after each.
    assert.is(
      seen.length,
      algorithm === 'maml++' ? 3 * 2 * 6 : 0,
      `statistics that moved: ${seen.join(', ')}`,
    );
    assert.equal(
      tree.entries(startOf(again, whole)).map(([path, t]) => [path, t.shape]),
      tree.entries(params).map(([path, t]) => [path, t.shape]),
      'the network starts from parameters of its own shapes',
    );
  });

test('every part of maml++ has its switch: without all of them it is MAML', async () => {
  const off = {
    stepRates: false,
    multiStepLoss: false,
    annealOrder: false,
    stepNorms: false,
    stepStatistics: false,
    cosineRate: false,
  };
  const base: MetaTrainOptions = {
    ...defaultMetaTrain,
    iterations: 2,
    tasksPerStep: 1,
    support: 2,
    query: 2,
    innerSteps: 2,
    annealSteps: 1,
  };
  const learn = (options: MetaTrainOptions) => run(options, initMetaState(params, options));
  const maml = await learn(base);
  assert.equal(await moved(maml, await learn({ ...base, algorithm: 'maml++', ...off })), []);
  for (const part of ['multiStepLoss', 'annealOrder', 'cosineRate'] as const) {
    const one = await learn({ ...base, algorithm: 'maml++', ...off, [part]: true });
    assert.ok((await moved(maml, one)).length > 0, `${part} changes nothing`);
  }
  const shapes = (options: Partial<MetaTrainOptions>) => {
    const state = initMetaState(params, { ...base, algorithm: 'maml++', ...off, ...options });
    return [
      state.params.blocks.block1.norm.gamma.shape,
      tree.leaves(state.rates).length,
      state.statistics.length,
    ];
  };
  assert.equal(shapes({}), [[4], 0, 0]);
  assert.equal(shapes({ stepNorms: true }), [[3, 4], 0, 0]);
  assert.equal(shapes({ stepRates: true }), [[4], tree.leaves(params).length, 0]);
  assert.equal(shapes({ stepStatistics: true }), [[4], 0, 3]);
});

test('statistics of every step are collected on the side, and normalise when a run adapts', async () => {
  const options: MetaTrainOptions = {
    ...defaultsOf('maml++'),
    iterations: 1,
    tasksPerStep: 2,
    support: 2,
    query: 2,
    innerSteps: 1,
  };
  const kept = await run(options, initMetaState(params, options));
  const without = { ...options, stepStatistics: false };
  const other = await run(without, initMetaState(params, without));
  const learned = (await moved({ ...kept, statistics: [] }, { ...other, statistics: [] })).length;
  assert.is(learned, 0, 'what is learned is the same');
  // The first layer sees the same pictures whatever the step, those of both sets being alike; a tenth of what it saw.
  const batch = labelledPairs(
    tasks[0],
    [
      { index: 0, reference: 1 },
      { index: 6, reference: 2 },
    ],
    model,
  );
  const seen: Record<string, { mean: Tensor; variance: Tensor }> = {};
  networkLoss(model, without, () => collecting(seen))(kept.params, batch, 0);
  const path = 'trunk.block1.norm';
  const [saw, keeps] = await Promise.all(
    [seen, kept.statistics[0]].map(async (s) => (await s[path].variance.data())[0]),
  );
  assert.ok(Math.abs(keeps - (0.9 + 0.1 * saw)) < 0.05 * saw, `${keeps} kept of ${saw}`);
  const [byBatches, byRunning] = await Promise.all([
    networkLoss(model, options)(kept.params, batch, 1).item(),
    networkLoss(model, options, (step) => byStatistics(kept.statistics[step]))(kept.params, batch, 1).item(),
  ]);
  assert.ok(Number.isFinite(byRunning) && byRunning !== byBatches, `${byRunning} and ${byBatches}`);
});

test('maml++ takes five inner steps unless told otherwise', () => {
  assert.is(defaultsOf('maml++').innerSteps, 5);
  assert.equal(defaultsOf('maml'), defaultMetaTrain);
});

test('the inner loop by momentum and Adam, and from a head of zeros', async () => {
  const base = { ...defaultMetaTrain, iterations: 1, tasksPerStep: 1, support: 2, query: 2, innerSteps: 2 };
  for (const options of [
    { innerOptimiser: 'momentum' },
    { innerOptimiser: 'adam' },
    { zeroHead: true },
  ] as const) {
    const { params: learned } = await run({ ...base, ...options }, initMetaState(params, base));
    const before = await params.head.weight.data();
    const same = (await learned.head.weight.data()).every((x, i) => x === before[i]);
    assert.is(
      same,
      'zeroHead' in options,
      `${JSON.stringify(options)}: only a zeroed head has no meta-gradient`,
    );
  }
});

test('what contradicts itself is refused', () => {
  for (const algorithm of ['boil', 'imaml'] as const)
    assert.throws(
      () => checkMetaTrainOptions({ ...defaultMetaTrain, algorithm, zeroHead: true }),
      new RegExp(`options: zeroHead has no place in ${algorithm}, which`),
    );
});

test.after(async () => {
  (await defaultDevice()).dispose();
  rmSync(folder, { recursive: true });
});
test.run();
