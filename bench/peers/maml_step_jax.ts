/**
 * Those steps of `npm run bench -- workloads` that jax-js can express, on Deno, which has a WebGPU of its own:
 *
 *     npm run bench -- workloads W1-5 --peer jax-js
 *     echo '{"workload": "W1-5"}' | npx deno run -A bench/peers/maml_step_jax.ts
 *
 * Speaks as bench/peers/maml_step_torch.py does. Deno fetches the package, which is none of this project's dependencies, and
 * keeps it. Arrays of jax-js are used up by whatever takes them: `.ref` is one more use.
 */
// biome-ignore-all lint/suspicious/noExplicitAny: the package's types are there on Deno alone
// @ts-expect-error Deno resolves it
import * as jax from 'npm:@jax-js/jax@0.1.25';

const { numpy: np, lax, nn } = jax;
type Value = any;
type Block = { weight: Value; bias: Value; gamma: Value; beta: Value };
type Params = { blocks: Block[]; head: { weight: Value; bias: Value } };

/** Pixels over which batch norm takes its statistics. */
const AXES = [0, 2, 3];

const normal = (shape: number[], deviation: number): Value => {
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
    return deviation * radius * Math.cos(2 * Math.PI * Math.random());
  });
  return np.array(data).reshape(shape);
};

function initial(width = 64): Params {
  const channel = (value: number) => np.full([1, width, 1, 1], value);
  return {
    blocks: [1, width, width, width].map((inputs) => ({
      weight: normal([width, inputs, 3, 3], Math.sqrt(2 / (9 * inputs))),
      bias: channel(0),
      gamma: channel(1),
      beta: channel(0),
    })),
    head: { weight: normal([width, 5], 0.1), bias: np.zeros([5]) },
  };
}

/** The greatest of every 2x2 window; a last odd row or column is dropped. */
function maxPool(x: Value): Value {
  const [n, c, h, w] = x.shape;
  const [rows, columns] = [h >> 1, w >> 1];
  const even = h % 2 || w % 2 ? x.slice([], [], [0, 2 * rows], [0, 2 * columns]) : x;
  return np.max(even.reshape([n, c, rows, 2, columns, 2]), [3, 5]);
}

function block(x: Value, { weight, bias, gamma, beta }: Block): Value {
  const y = lax.convGeneralDilated(x, weight, [1, 1], 'SAME').add(bias);
  const centred = y.ref.sub(np.mean(y, AXES, { keepdims: true }));
  const variance = np.mean(np.square(centred.ref), AXES, { keepdims: true });
  return maxPool(
    nn.relu(
      centred
        .div(np.sqrt(variance.add(1e-5)))
        .mul(gamma)
        .add(beta),
    ),
  );
}

/** The mean cross-entropy against labels as one-hot rows. */
function loss({ blocks, head }: Params, x: Value, y: Value): Value {
  const features = blocks.reduce(block, x).reshape([y.shape[0], -1]);
  const scores = np.dot(features, head.weight).add(head.bias);
  return np.mean(np.sum(nn.logSoftmax(scores, 1).mul(y), 1)).mul(-1);
}

function queryLoss(p: Params, sx: Value, sy: Value, qx: Value, qy: Value, rate: Value): Value {
  const gradient = jax.grad(loss)(jax.tree.ref(p), sx, sy);
  const adapted = jax.tree.map((v: Value, g: Value) => v.sub(g.mul(rate.ref)), p, gradient);
  rate.dispose();
  return loss(adapted, qx, qy);
}

const images = (n: number): [Value, Value] => [
  normal([n, 1, 28, 28], 1),
  nn.oneHot(np.array(Int32Array.from({ length: n }, (_, i) => i % 5)), 5),
];

/** A function that does one step, with what it works on in place. */
function step(queries: number): () => Promise<void> {
  const run = jax.jit(jax.valueAndGrad(queryLoss));
  const data = [initial(), ...images(5), ...images(queries), np.array(0.4)];
  return async () => {
    const [value, gradient] = run(...jax.tree.ref(data));
    await jax.blockUntilReady(gradient);
    jax.tree.dispose(gradient);
    await value.data();
  };
}

const workloads: Record<string, () => () => Promise<void>> = { W1: () => step(75), 'W1-5': () => step(5) };
const loaded = new Map<string, () => Promise<void>>();

async function answer(name: string): Promise<object> {
  if (!(name in workloads)) return { error: `cannot express ${name}` };
  if (!loaded.has(name)) loaded.set(name, workloads[name]());
  const start = performance.now();
  await loaded.get(name)!();
  return { ms: performance.now() - start };
}

const say = (message: object) => console.log(JSON.stringify(message));

const available: string[] = await jax.init();
const backend = ['webgpu', 'wasm', 'cpu'].find((name) => available.includes(name));
jax.defaultDevice(backend);
say({ peer: `jax-js 0.1.25 ${backend}` });

const { createInterface } = await import('node:readline');
for await (const line of createInterface({ input: process.stdin })) {
  try {
    say(await answer(JSON.parse(line).workload));
  } catch (error) {
    say({ error: String(error) });
  }
}
