/**
 * The workloads W1 to W3: one second-order MAML task step each (inner SGD step on the support set, query loss, its
 * gradient by every initial parameter), beside the same in PyTorch if asked.
 *
 *   npx tsx bench/maml-step.ts [--only W1,W2] [--repeats 7] [--adapter A] [--peer maml_step_torch.py [--python python3]]
 *
 * The peer is a script that takes --only and --repeats and prints one JSON line with `median_ms` per workload.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { Bench } from 'tinybench';
import { grad } from '../src/autodiff/index.ts';
import { compile, planBytes } from '../src/compile/index.ts';
import { openDevice, setDefaultDevice } from '../src/device/index.ts';
import { type Tensor, type Tree, tensor } from '../src/graph/index.ts';
import { defaultModel, initModel, loss as pairLoss } from '../src/medetection/index.ts';
import { adapt, type Loss } from '../src/meta/index.ts';
import { byBatch, conv, initConv, initLinear, initNorm, linear, normal } from '../src/nn/index.ts';
import { crossEntropy, maxPool2d, mean, relu } from '../src/ops/index.ts';
import { Random } from '../src/random.ts';

/** A flat stand-in for the workloads' own parameter and batch types. */
type Params = Record<string, Tensor>;

interface Workload {
  readonly name: string;
  readonly params: Tree;
  readonly loss: Loss<never, never>;
  readonly support: Tree;
  readonly query: Tree;
  readonly rate: number;
}

const random = new Random('bench');

function omniglot(): Workload {
  const params = {
    blocks: Array.from({ length: 4 }, (_, i) => ({
      conv: initConv(random, i === 0 ? 1 : 64, 64, 3),
      norm: initNorm(64),
    })),
    head: initLinear(random, 64, 5),
  };
  type Batch = { x: Tensor; y: Tensor };
  const loss: Loss<typeof params, Batch> = (p, { x, y }) => {
    const features = p.blocks.reduce(
      (f, b, i) => maxPool2d(relu(byBatch(`${i}`, conv(f, b.conv, 1), b.norm)), 2),
      x,
    );
    return mean(crossEntropy(linear(features.reshape([x.shape[0], -1]), p.head), y));
  };
  const data = (n: number): Batch => ({
    x: normal(random, [n, 1, 28, 28], 1),
    y: tensor(Int32Array.from({ length: n }, (_, i) => i % 5)),
  });
  return { name: 'W1', params, loss, support: data(5), query: data(75), rate: 0.4 };
}

function medetection(name: string, size: number, shots: number): Workload {
  const config = { ...defaultModel, size };
  const data = (n: number) => ({
    image: normal(random, [n, 3, size, size], 1),
    reference: normal(random, [n, 3, size, size], 1),
    label: tensor(Float32Array.from({ length: n }, (_, i) => i % 2)),
  });
  return {
    name,
    params: initModel(config, random),
    loss: pairLoss(config),
    support: data(shots),
    query: data(20),
    rate: 0.01,
  };
}

const workloads: Record<string, () => Workload> = {
  W1: omniglot,
  W2: () => medetection('W2', 64, 20),
  W3: () => medetection('W3', 128, 64),
};

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: 'W1,W2' },
    repeats: { type: 'string', default: '7' },
    peer: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    adapter: { type: 'string' },
  },
});
const repeats = Number(options.repeats);
const device = await openDevice({ adapter: options.adapter });
setDefaultDevice(device);
console.log(`adapter: ${device.adapterInfo.description || device.adapterInfo.device}`);

const ours = new Map<string, number>();
for (const name of options.only.split(',')) {
  const { params, loss, support, query, rate } = workloads[name]();
  const step = compile((p: Params, s: Params, q: Params, alpha: Tensor) => {
    const { theta } = adapt(loss as Loss<Params, Params>, p, s, { rate: alpha });
    const queryLoss = (loss as Loss<Params, Params>)(theta, q, 1);
    return { gradient: grad(queryLoss, p), loss: queryLoss };
  });
  const started = performance.now();
  const run = async () => {
    const { loss: l } = await step(params as Params, support as Params, query as Params, rate);
    await l.data();
  };
  await run();
  const cold = performance.now() - started;
  const bench = new Bench({ time: 0, iterations: repeats, warmupTime: 0, warmupIterations: 2 });
  bench.add(name, run);
  await bench.run();
  const result = bench.tasks[0].result;
  if (result.state !== 'completed') throw new Error(`${name}: the measurement ended as ${result.state}`);
  const { min, p50: median } = result.latency;
  const plan = await step.plan(params as Params, support as Params, query as Params, rate);
  ours.set(name, median);
  console.log(
    JSON.stringify({
      workload: name,
      min_ms: +min.toFixed(2),
      median_ms: +median.toFixed(2),
      cold_ms: Math.round(cold),
      dispatches: plan.dispatches.length,
      pipelines: new Set(plan.dispatches.map((d) => d.kernel.source + JSON.stringify(d.kernel.constants)))
        .size,
      scratch_mib: Math.round(planBytes(plan) / 2 ** 20),
    }),
  );
}
if (options.peer !== undefined) {
  const args = [options.peer, '--only', options.only, '--repeats', String(repeats)];
  const out = execFileSync(options.python, args, { encoding: 'utf8' });
  for (const line of out.trim().split('\n')) {
    const peer = JSON.parse(line) as { workload: string; median_ms: number };
    console.log(line);
    const ratio = ours.get(peer.workload)! / peer.median_ms;
    console.log(`${peer.workload}: ${ratio.toFixed(2)} times the peer's time`);
  }
}
