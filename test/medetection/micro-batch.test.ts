import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { planBytes } from '../../src/compile/index.ts';
import { defaultDevice } from '../../src/device/index.ts';
import { tree } from '../../src/graph/index.ts';
import {
  checkMetaTrainOptions,
  defaultMetaTrain,
  initMetaState,
  initModel,
  loadState,
  type MetaState,
  type MetaTrainOptions,
  metaTrain,
  saveState,
} from '../../src/medetection/index.ts';
import { Random } from '../../src/random.ts';
import { drawnTask, small } from './support.ts';

const model = { ...small, width: 4, attention: 'none' } as const;
const folder = mkdtempSync(join(tmpdir(), 'medetection-'));
const tasks = [1, 2, 3].map((seed) => drawnTask(8, seed));
const params = initModel(model, new Random(0));
const base: MetaTrainOptions = {
  ...defaultMetaTrain,
  iterations: 1,
  tasksPerStep: 3,
  support: 2,
  query: 2,
};

interface Trained {
  readonly state: MetaState;
  /** Query losses of each step, task by task. */
  readonly losses: number[][];
  readonly bytes: number;
}

async function train(
  options: MetaTrainOptions,
  from = initMetaState(params, options),
  onFirst?: () => void,
): Promise<Trained> {
  const losses: number[][] = [];
  let bytes = 0;
  const state = await metaTrain(tasks, model, options, from, new Random(5), {
    onPlan: (plan) => {
      bytes = planBytes(plan);
    },
    onStep: async (step, reached) => {
      losses.push(step.tasks.map((t) => t.queryLoss));
      if (step.iteration === 1 && onFirst !== undefined) await saveState(folder, reached);
    },
  });
  return { state, losses, bytes };
}

/** The numbers of a state's tensors, one after another. */
const numbers = async (values: tree.Tree): Promise<number[]> =>
  (await Promise.all(tree.leaves(values).map(async (t) => [...(await t.data())]))).flat();

/** After one step Adam's first moment is the meta-gradient times 1 - beta1. */
const gradientOf = ({ state }: Trained) => numbers(state.adam.first);

for (const algorithm of ['maml', 'reptile', 'meta-sgd'] as const)
  test(`${algorithm}: the meta-gradient over micro-batches is that of the whole batch`, async () => {
    const options = { ...base, algorithm };
    const whole = await train(options);
    const expected = await gradientOf(whole);
    const scale = Math.max(...expected.map(Math.abs));
    for (const microBatch of algorithm === 'maml' ? [2, 3] : [2]) {
      const parts = await train({ ...options, microBatch });
      const actual = await gradientOf(parts);
      const error = Math.max(...actual.map((x, i) => Math.abs(x - expected[i]))) / scale;
      assert.ok(error <= (microBatch === 3 ? 0 : 1e-5), `${microBatch} at once: relative error ${error}`);
      const off = parts.losses[0].map((x, i) => Math.abs(x - whole.losses[0][i]));
      assert.ok(Math.max(...off) < 1e-5, 'and so are the query losses, task by task');
    }
  });

test('fewer tasks at once take less memory', async () => {
  const [one, all] = [await train({ ...base, microBatch: 1 }), await train(base)];
  assert.ok(one.bytes < all.bytes, `${one.bytes} and ${all.bytes} bytes`);
});

test('a memory budget gives the same meta-gradient, or an error that says what else to do', async () => {
  const whole = await train(base);
  const memoryBudget = (0.9 * whole.bytes) / 2 ** 20;
  const less = await train({ ...base, memoryBudget });
  assert.ok(less.bytes <= 0.9 * whole.bytes);
  const [expected, actual] = [await gradientOf(whole), await gradientOf(less)];
  const scale = Math.max(...expected.map(Math.abs));
  assert.ok(actual.every((x, i) => Math.abs(x - expected[i]) <= 1e-5 * scale));
  try {
    await train({ ...base, memoryBudget: 0.01 });
    assert.unreachable();
  } catch (error) {
    assert.match(
      (error as Error).message,
      /the budget is 0\.0 MiB; use smaller batches or images, or fewer tasks at once/,
    );
  }
});

test('goes on from a saved state to the same bits', async () => {
  const options = { ...base, iterations: 2, microBatch: 2 };
  const straight = await train(options, undefined, () => {});
  const again = await train(options, await loadState(folder, model, options));
  assert.is(again.state.iteration, 2);
  assert.equal(await numbers(again.state.params), await numbers(straight.state.params));
  assert.equal(await numbers(again.state.adam.second), await numbers(straight.state.adam.second));
});

test('options that make no sense are refused', () => {
  assert.throws(() => checkMetaTrainOptions({ ...base, microBatch: 0 }), /options: microBatch is 0/);
  assert.throws(() => checkMetaTrainOptions({ ...base, memoryBudget: -1 }), /options: memoryBudget is -1/);
});

test.after(async () => {
  (await defaultDevice()).dispose();
  rmSync(folder, { recursive: true });
});
test.run();
