/**
 * A meta-step over tasks one after another and over all at once (`batchedQueryLosses`): the 4Conv of Omniglot (W1's network,
 * 5 support images, 5 or 75 query images of 28 px; loss and meta-gradient), and the sinusoids of Finn et al. 2017 (10 + 10
 * points, MLP 1-40-40-1; loss, meta-gradient and Adam).
 *
 *   npx tsx bench/batched-tasks.ts [--only W1-5,W1-75,sinusoid] [--tasks 1,4,8,32] [--repeats 7] [--adapter A]
 */
import { parseArgs } from 'node:util';
import { Bench } from 'tinybench';
import { grad } from '../src/autodiff/index.ts';
import { compile } from '../src/compile/index.ts';
import { openDevice, setDefaultDevice } from '../src/device/index.ts';
import { type Tensor, tensor, tree } from '../src/graph/index.ts';
import { batchedQueryLosses, type Loss, metaLoss, type TaskData } from '../src/meta/index.ts';
import { initLinear, linear, normal, uniform } from '../src/nn/index.ts';
import { mean, relu, square } from '../src/ops/index.ts';
import { adam, initAdam } from '../src/optim/index.ts';
import { Random } from '../src/random.ts';
import { type Classified, fourConv, noisyCharacters } from './workloads/four-conv.ts';

/** A flat stand-in for the networks' own parameter types. */
type Params = Record<string, Tensor>;
type Batch = Classified;

interface Workload {
  readonly params: Params;
  readonly loss: Loss<Params, Batch>;
  /** The data of this many tasks, with a leading task axis. */
  readonly data: (tasks: number) => TaskData<Batch>;
  readonly rate: number;
}

const random = new Random('batched tasks');

function omniglot(queries: number): Workload {
  const { params, loss } = fourConv(random);
  return {
    params: params as unknown as Params,
    loss: loss as unknown as Loss<Params, Batch>,
    data: (tasks) => ({
      support: noisyCharacters(random, tasks, 5),
      query: noisyCharacters(random, tasks, queries),
    }),
    rate: 0.4,
  };
}

function sinusoid(): Workload {
  const params = {
    first: initLinear(random, 1, 40),
    second: initLinear(random, 40, 40),
    last: initLinear(random, 40, 1),
  };
  const loss: Loss<typeof params, Batch> = (p, { x, y }) =>
    mean(square(linear(relu(linear(relu(linear(x, p.first)), p.second)), p.last).sub(y)));
  const points = (tasks: number): Batch => ({
    x: uniform(random, [tasks, 10, 1], 5),
    y: normal(random, [tasks, 10, 1], 1),
  });
  return {
    params: params as unknown as Params,
    loss: loss as unknown as Loss<Params, Batch>,
    data: (tasks) => ({ support: points(tasks), query: points(tasks) }),
    rate: 0.01,
  };
}

const workloads: Record<string, () => Workload> = {
  'W1-5': () => omniglot(5),
  'W1-75': () => omniglot(75),
  sinusoid,
};

/** Task t of data with a leading task axis, as data of its own. */
const taskOf = async (data: TaskData<Batch>, t: number): Promise<TaskData<Batch>> => {
  const entry = async (x: Tensor) => {
    const [tasks, ...shape] = x.shape;
    return tensor((await x.data()).slice((t * x.size) / tasks, ((t + 1) * x.size) / tasks), shape);
  };
  return tree.withLeaves(data, await Promise.all(tree.leaves(data).map(entry)));
};

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: 'W1-5,W1-75,sinusoid' },
    tasks: { type: 'string' },
    repeats: { type: 'string', default: '7' },
    adapter: { type: 'string' },
  },
});
const device = await openDevice({ adapter: options.adapter });
setDefaultDevice(device);
console.log(`adapter: ${device.adapterInfo.description || device.adapterInfo.device}`);

for (const name of options.only.split(',')) {
  const { params, loss, data, rate } = workloads[name]();
  const learns = name === 'sinusoid';
  const counts = options.tasks ?? (learns ? '25' : '1,4,8,32');
  for (const tasks of counts.split(',').map(Number)) {
    const stacked = data(tasks);
    const each = await Promise.all(Array.from({ length: tasks }, (_, t) => taskOf(stacked, t)));
    const stepBy = <T>(objective: (p: Params, tasks: T, alpha: Tensor) => Tensor) =>
      compile((p: Params, state: ReturnType<typeof initAdam<Params>>, tasks: T, alpha: Tensor) => {
        const value = objective(p, tasks, alpha);
        const gradient = grad(value, p);
        return learns ? { value, ...adam(p, gradient, state, 1e-3) } : { value, gradient };
      });
    const sequential = stepBy((p, tasks: TaskData<Batch>[], rate) => metaLoss(loss, p, tasks, { rate }));
    const batched = stepBy((p, tasks: TaskData<Batch>, rate) =>
      mean(batchedQueryLosses(loss, p, tasks, { rate })),
    );
    const state = initAdam(params);
    const forms = {
      sequential: {
        run: () => sequential(params, state, each, rate),
        plan: await sequential.plan(params, state, each, rate),
      },
      batched: {
        run: () => batched(params, state, stacked, rate),
        plan: await batched.plan(params, state, stacked, rate),
      },
    };
    for (const [form, { run, plan }] of Object.entries(forms)) {
      const bench = new Bench({
        time: 0,
        iterations: Number(options.repeats),
        warmupTime: 0,
        warmupIterations: 2,
      });
      bench.add(form, async () => {
        const results = await run();
        await results.value.data();
        for (const t of tree.leaves(results)) t.dispose();
      });
      await bench.run();
      const { result } = bench.tasks[0];
      if (result.state !== 'completed') throw new Error(`${name}: the measurement ended as ${result.state}`);
      const { min, p50: median } = result.latency;
      console.log(
        JSON.stringify({
          workload: name,
          tasks,
          form,
          min_ms: +min.toFixed(2),
          median_ms: +median.toFixed(2),
          dispatches: plan.dispatches.length,
        }),
      );
    }
    sequential.dispose();
    batched.dispose();
  }
}
