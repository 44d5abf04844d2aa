import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { magnitude } from '../../src/certify/compare.ts';
import { compile, evaluate } from '../../src/compile/index.ts';
import { tensor, tree } from '../../src/graph/index.ts';
import { batchedQueryLosses, type InnerLoop, queryLosses, stackTasks } from '../../src/meta/index.ts';
import { add, greater, mean } from '../../src/ops/index.ts';
import { Random } from '../../src/random.ts';
import { assertClose } from '../support/assert-close.ts';
import { type Batch, data, inner_lr, loss, type Params, theta } from '../support/four-conv.ts';

/*
 * The meta-objective over tasks at once against the sum over tasks one by one, for the oracle's 4Conv. The bounds are those
 * of the oracle's test.
 */
type Task = { readonly support: Batch; readonly query: Batch };

const random = new Random('batched tasks');
/** The oracle's task under pictures with noise of their own and rotated labels. */
function task(t: number): Task {
  const changed = ({ x, y }: Batch): Batch => ({
    x: x.add(
      tensor(
        Float32Array.from({ length: x.size }, () => random.next() - 0.5),
        x.shape,
      ),
    ),
    y: y.add(t).sub(greater(y.add(t), 4).mul(5)),
  });
  return { support: changed(data('support')), query: changed(data('query')) };
}

const test = suite('batched meta-objective');

const kinds: [string, InnerLoop, number[]][] = [
  ['second order, one step', { rate: inner_lr }, [1, 3, 4]],
  ['second order, two steps', { rate: inner_lr, steps: 2 }, [3]],
  ['first order', { rate: inner_lr, order: 1 }, [3]],
  ['ANIL', { rate: inner_lr, adapts: (path) => path.startsWith('head') }, [3]],
];

for (const [name, inner, counts] of kinds)
  for (const T of counts)
    test(`${name}, ${T} tasks: losses and meta-gradient are those of one task after another`, async () => {
      const lazy = Array.from({ length: T }, (_, t) => task(t % 5));
      const tasks = tree.withLeaves(lazy, await evaluate(tree.leaves(lazy)));
      const sequential = compile((p: Params, each: Task[]) => {
        const losses = queryLosses(loss, p, each, inner);
        return { losses, gradient: grad(losses.reduce(add).div(T), p) };
      });
      const batched = compile((p: Params, all: Task) => {
        const losses = batchedQueryLosses(loss, p, all, inner);
        return { losses, gradient: grad(mean(losses), p) };
      });
      const one = await sequential(theta, tasks);
      const all = await batched(theta, stackTasks(tasks));
      const oneByOne = await Promise.all(one.losses.map((l) => l.item()));
      assertClose(await all.losses.data(), oneByOne, 2e-5, 'query losses');
      const values = (gradient: Params): Promise<[string, ArrayLike<number>][]> =>
        Promise.all(
          tree.entries(gradient).map(async ([path, g]) => [path, await g.data()] as const),
        ) as never;
      const [expected, actual] = [await values(one.gradient), new Map(await values(all.gradient))];
      const among = Math.max(...expected.map(([, g]) => magnitude(g)));
      assert.ok(among > 1e-3, 'there is a gradient');
      for (const [path, g] of expected) {
        // A bias before a normalisation has no effect, and rounding for its derivative.
        const scale = magnitude(g) > 1e-5 * among ? magnitude(g) : among;
        const worst =
          g.length === 0 ? 0 : Math.max(...Array.from(g, (v, i) => Math.abs(v - actual.get(path)![i])));
        assert.ok(worst <= 2e-4 * scale, `${path}: ${worst} of ${scale}`);
      }
    });

test('a batch takes hardly more dispatches than one task', async () => {
  const plan = async (T: number) => {
    const tasks = stackTasks(Array.from({ length: T }, (_, t) => task(t % 5)));
    const all = tree.withLeaves(tasks, await evaluate(tree.leaves(tasks)));
    return compile((p: Params, each: Task) =>
      grad(mean(batchedQueryLosses(loss, p, each, { rate: inner_lr })), p),
    ).plan(theta, all);
  };
  const [one, four] = [await plan(1), await plan(4)];
  assert.ok(
    four.dispatches.length <= 1.3 * one.dispatches.length,
    `${four.dispatches.length} dispatches for four tasks, ${one.dispatches.length} for one`,
  );
});

test('tasks that do not fit together are refused', () => {
  const [a, b] = [task(0), task(1)];
  assert.throws(() => stackTasks([]), /^stackTasks: needs at least one task, got none/);
  assert.throws(() => stackTasks([a, { ...b, query: b.support }]), /^concat: shapes .* differ off axis 0/);
});

test.run();
