import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { compile } from '../../src/compile/index.ts';
import { defaultDevice } from '../../src/device/default.ts';
import { openDevice } from '../../src/device/open.ts';
import { full, ones, type Tensor, tensor, tree, zeros } from '../../src/graph/index.ts';
import { deviceArray } from '../../src/graph/source.ts';
import * as ops from '../../src/ops/index.ts';
import { adam, initAdam } from '../../src/optim/index.ts';
import { Random } from '../../src/random.ts';

const device = await defaultDevice();
const test = suite('compile');

/** Counts calls of a method of an object while `work` runs. */
async function counting(target: object, method: string, work: () => Promise<unknown>): Promise<number> {
  const owner = target as Record<string, (...args: unknown[]) => unknown>;
  const original = owner[method];
  let calls = 0;
  owner[method] = (...args) => {
    calls++;
    return original.apply(target, args);
  };
  try {
    await work();
  } finally {
    delete owner[method];
  }
  return calls;
}

async function rejects(work: () => Promise<unknown>, pattern: RegExp): Promise<void> {
  let message = 'nothing was thrown';
  try {
    await work();
  } catch (error) {
    message = (error as Error).message;
  }
  assert.match(message, pattern);
}

const values = async (t: Tensor): Promise<number[]> => Array.from(await t.data());

test('traces once per signature: shapes, types, structure and static values', async () => {
  let traces = 0;
  const f = compile((x: { a: Tensor; b?: Tensor }, mode: string, flag: boolean) => {
    traces++;
    const y = x.b === undefined ? x.a : ops.add(x.a, x.b);
    return mode === 'double' ? y.mul(flag ? 2 : 3) : y;
  });
  const a = tensor([1, 2]);
  assert.equal(await values(await f({ a }, 'double', true)), [2, 4]);
  assert.equal(await values(await f({ a: tensor([5, 7]) }, 'double', true)), [10, 14]);
  assert.is(traces, 1);
  assert.equal(await values(await f({ a }, 'plain', true)), [1, 2]);
  assert.equal(await values(await f({ a }, 'double', false)), [3, 6]);
  assert.equal(await values(await f({ a: tensor([[1, 2]]) }, 'double', true)), [2, 4]);
  assert.equal(await values(await f({ a: tensor(Int32Array.of(1, 2)) }, 'double', true)), [2, 4]);
  assert.equal(await values(await f({ a, b: a }, 'double', true)), [4, 8]);
  assert.is(traces, 6);
  await f({ a, b: tensor([3, 4]) }, 'double', true);
  await f({ a }, 'plain', true);
  assert.is(traces, 6);
});

test('numbers are inputs: a changing learning rate traces nothing anew', async () => {
  let traces = 0;
  const step = compile((p: Tensor, options: { rate: Tensor; decay: Tensor }) => {
    traces++;
    return p.sub(p.mul(options.rate)).mul(options.decay);
  });
  for (const rate of [0.5, 0.25, 0, -1])
    assert.equal(await values(await step(tensor([4, 8]), { rate, decay: 2 })), [
      8 * (1 - rate),
      16 * (1 - rate),
    ]);
  assert.is(traces, 1);
});

test('outputs: inputs, constants, one tensor twice, views, nested, with values that are no tensors', async () => {
  const f = compile((x: Tensor) => {
    const y = ops.square(x);
    return {
      same: x,
      constant: full([2], 7),
      integers: ops.greater(x, 1),
      twice: [y, y],
      reshaped: ops.reshape(y, [2, 1]),
      flipped: ops.flip(x, [0]),
      label: 'squares',
      count: 2,
    };
  });
  const r = await f(tensor([1, 3]));
  const got = await Promise.all(
    [r.same, r.constant, r.integers, ...r.twice, r.reshaped, r.flipped].map(values),
  );
  assert.equal(got, [
    [1, 3],
    [7, 7],
    [0, 1],
    [1, 9],
    [1, 9],
    [1, 9],
    [3, 1],
  ]);
  assert.equal([r.label, r.count, r.reshaped.shape, r.integers.dtype], ['squares', 2, [2, 1], 'i32']);
  r.twice[0].dispose();
  assert.equal(await values(r.twice[1]), [1, 9], 'the two results are arrays of their own');
});

test('results feed later calls and lazy expressions, and lazy expressions are computed as arguments', async () => {
  const f = compile((x: Tensor, y: Tensor) => ops.matmul(x, y));
  const a = tensor([
    [1, 2],
    [3, 4],
  ]);
  const first = await f(a, ops.transpose(a));
  assert.equal(await values(first), [5, 11, 11, 25]);
  assert.equal(await values(await f(first.mul(2), ones([2, 1]))), [32, 72]);
  assert.equal(await values(ops.sum(first, 0)), [16, 36]);
});

test('captured tensors are constants, fixed when traced', async () => {
  const onDevice = await compile((x: Tensor) => x.mul(10))(tensor([1, 2]));
  const f = compile((x: Tensor) =>
    x
      .add(tensor([100, 200]))
      .add(onDevice)
      .add(ops.square(onDevice)),
  );
  assert.equal(await values(await f(tensor([1, 1]))), [211, 621]);
  assert.equal(await values(await f(tensor([2, 3]))), [212, 623]);
  onDevice.dispose();
  await rejects(() => f(tensor([1, 1])), /disposed of/);
});

test('an argument that nothing reads may be anything of its shape', async () => {
  const f = compile((x: Tensor, _unused: Tensor) => x.add(1));
  assert.equal(await values(await f(tensor([1]), tensor([2, 3]))), [2]);
});

test('runs are equal bit for bit, also after other plans have used the scratch buffers', async () => {
  const random = new Random('bits');
  const floats = (...shape: number[]) =>
    tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.next() - 0.5),
      shape,
    );
  const [x, w, gamma] = [floats(4, 3, 16, 16), floats(8, 3, 3, 3), floats(8)];
  const f = compile((image: Tensor, weight: Tensor, scale: Tensor) => {
    const y = ops.relu(ops.batchNorm(ops.conv2d(image, weight, { padding: 1 }), scale, scale));
    const loss = ops.mean(ops.square(ops.maxPool2d(y, 2)));
    return [loss, ...grad(loss, [image, weight, scale])];
  });
  const run = async () => Promise.all((await f(x, w, gamma)).map((t) => t.data()));
  const first = await run();
  const other = compile((t: Tensor) => ops.sum(ops.exp(ops.matmul(t, t)), 0));
  for (let i = 0; i < 3; i++) {
    await (await other(floats(70, 70))).data();
    const again = await run();
    for (const [k, data] of first.entries())
      assert.equal(Buffer.from(again[k].buffer), Buffer.from(data.buffer));
  }
});

test('one submit per run; no bind group, pipeline or buffer made after the first', async () => {
  const f = compile((x: Tensor, rate: Tensor) => {
    const y = ops.sum(ops.sin(ops.matmul(x, x).mul(rate)), 0);
    return { y, g: grad(ops.sum(y), x) };
  });
  const x = tensor(new Float32Array(64).fill(0.1), [8, 8]);
  const run = async () => {
    for (const t of tree.leaves(await f(x, 0.5))) t.dispose();
  };
  await run();
  await device.check();
  assert.is(await counting(device.gpu.queue, 'submit', run), 1);
  for (const method of ['createBindGroup', 'createBuffer', 'createComputePipeline', 'createShaderModule'])
    assert.is(await counting(device.gpu, method, run), 0, method);
});

test('donated state is spent, and its buffers are used again', async () => {
  const step = compile((x: Tensor, by: Tensor) => ({ x: x.add(by), loss: ops.sum(x) }), { donate: [0] });
  let state = (await step(zeros([100]), 1)).x;
  const first = state;
  const warm = await step(state, 1);
  warm.loss.dispose();
  state = warm.x;
  await rejects(() => first.data(), /donated to a compiled function; use the tensor that replaced it/);
  await rejects(() => step(first, 1), /donated/);
  await rejects(() => ops.add(first, 1).data(), /donated/);
  const bytes = [device.buffers.bytes, device.arena.bytes];
  for (let i = 0; i < 50; i++) {
    const r = await step(state, 1);
    r.loss.dispose();
    state = r.x;
  }
  assert.equal([device.buffers.bytes, device.arena.bytes], bytes);
  assert.is((await values(state))[99], 52);
});

test('host tensors in donated arguments are not spent; one array passed twice is spent once', async () => {
  const f = compile((a: Tensor, b: Tensor) => ops.add(a, b), { donate: [0, 1] });
  const host = tensor([1, 2]);
  const sum = await f(host, host);
  assert.equal(await values(await f(host, host)), [2, 4]);
  assert.equal(await values(await f(sum, sum)), [4, 8]);
  assert.ok(deviceArray(sum)!.disposed);
});

test('a training loop with Adam keeps its memory', async () => {
  const params = { w: tensor([[0.5, -0.5]]), b: tensor([0]) };
  const x = tensor([[1], [2], [3]]);
  const step = compile(
    (p: typeof params, state: ReturnType<typeof initAdam<typeof params>>, rate: Tensor) => {
      const loss = ops.mean(ops.square(ops.matmul(x, p.w).add(p.b).sub(x)));
      const next = adam(p, grad(loss, p), state, rate);
      return { ...next, loss };
    },
    { donate: [0, 1] },
  );
  let result = await step(params, initAdam(params), 0.01);
  const losses = [await result.loss.item()];
  let bytes = 0;
  for (let i = 0; i < 50; i++) {
    result.loss.dispose();
    result = await step(result.params, result.state, 0.05);
    losses.push(await result.loss.item());
    if (i === 2) bytes = device.buffers.bytes;
  }
  assert.is(device.buffers.bytes, bytes);
  assert.ok(losses.at(-1)! < 0.05 * losses[0], `loss from ${losses[0]} to ${losses.at(-1)}`);
});

test('several calls under way at once give each its own result', async () => {
  let traces = 0;
  const f = compile((x: Tensor) => {
    traces++;
    return ops.sum(ops.exp(x), 1);
  });
  const results = await Promise.all([0, 1, 2, 3].map((i) => f(full([2, 300], i))));
  for (const [i, t] of results.entries()) {
    const expected = 300 * Math.exp(i);
    for (const v of await values(t)) assert.ok(Math.abs(v / expected - 1) < 1e-5);
  }
  assert.is(traces, 1, 'traced once');
});

test('mistakes are named', async () => {
  const identity = compile((x: Tensor) => x);
  await rejects(
    () => identity(new Float32Array(3) as never),
    /compile: argument 0 is a typed array; wrap it with tensor\(data, shape\)/,
  );
  await rejects(
    () => compile((x: { f: () => void }) => x as never)({ f: () => {} } as never),
    /argument 0\.f is a function/,
  );
  await rejects(() => compile(() => 3)(), /returns no tensor/);
  await rejects(() => compile(async (x: Tensor) => x)(tensor(1)), /must not be async/);
  // An async function that rejects as well must not end the process with an unhandled rejection.
  await rejects(
    () =>
      compile(async (x: Tensor) => {
        await x.data();
        return x;
      })(tensor(1)),
    /must not be async/,
  );
  await new Promise((resolve) => setTimeout(resolve, 20));
  let inside: Promise<unknown> | undefined;
  await compile((x: Tensor) => {
    inside = x.mul(2).data();
    inside.catch(() => {});
    return x;
  })(tensor([1, 2]));
  await rejects(async () => inside, /f32\[2\]\) is an argument of a function being compiled/);
  await rejects(() => identity(tensor([1])).then((t) => t.broadcastTo([2]).item()), /item: .*2 elements/);
  // What fails while traced is not remembered.
  let attempts = 0;
  const flaky = compile((x: Tensor) => {
    if (attempts++ === 0) throw new Error('first time');
    return x;
  });
  await rejects(() => flaky(tensor(1)), /first time/);
  assert.is(await (await flaky(tensor(1))).item(), 1);
});

test('what a tree cannot hold is refused, in arguments and results', async () => {
  const identity = compile((x: object) => x);
  const t = tensor(1);
  class Params {
    w = t;
  }
  const takes = (x: unknown) => () => identity(x as never);
  const thenable = Object.fromEntries<unknown>([
    ['then', () => {}],
    ['t', t],
  ]);
  const gives = (x: unknown) => () => compile(() => x)();
  await rejects(
    takes({ a: new Map([['w', t]]) }),
    /compile: argument 0\.a is of class Map; use lists and plain records/,
  );
  await rejects(takes(new Params()), /argument 0 is of class Params/);
  await rejects(takes({ n: 3n, t }), /argument 0\.n is a bigint/);
  await rejects(takes([Promise.resolve(t)]), /argument 0\.0 is a promise/);
  await rejects(gives([t, new Set([t])]), /compile: the result 1 is of class Set/);
  await rejects(gives({ t, inner: new Params() }), /the result inner is of class Params/);
  await rejects(gives({ t, late: Promise.reject(new Error('late')) }), /the result late is a promise/);
  await rejects(gives({ t, later: thenable }), /the result later is a promise/);
  await rejects(gives(thenable), /must not be async/);
  const bare = Object.assign(Object.create(null), { t });
  assert.is(await ((await identity(bare)) as { t: Tensor }).t.item(), 1);
});

test('donate names arguments that there are', async () => {
  await rejects(
    () => compile((x: Tensor) => x, { donate: [3] })(tensor(1)),
    /donate names argument 3, but the call has 1/,
  );
  assert.throws(() => compile((x: Tensor) => x, { donate: [-1] }), /donate holds -1/);
});

test('arrays of two devices do not meet', async () => {
  const other = await openDevice();
  const there = await compile((x: Tensor) => x.add(1), { device: other })(tensor([1, 2]));
  const here = await compile((x: Tensor) => x.add(1))(tensor([1, 2]));
  const pattern = /Tensor\(device, f32\[2\]\) lives on another device/;
  await rejects(() => ops.add(here, there).data(), pattern);
  await rejects(() => compile((x: Tensor) => x.add(there))(here), pattern);
  assert.equal(await values(there.mul(2)), [4, 6], 'alone it is computed where it lives');
  other.dispose();
});

test('dispose forgets plans that are being made, and lets calls under way finish', async () => {
  let traces = 0;
  const f = compile((x: Tensor) => {
    traces++;
    return x.add(tensor([10, 20]));
  });
  const call = async () => values(await f(tensor([1, 2])));
  const tracing = [call(), call()];
  f.dispose();
  assert.equal(await Promise.all(tracing), [
    [11, 22],
    [11, 22],
  ]);
  assert.equal(await call(), [11, 22]);
  assert.is(traces, 2, 'traced anew');
  const replaying = call();
  f.dispose();
  assert.equal(await replaying, [11, 22]);
  await device.check();
});

test('arguments of another structure under the same names are another signature', async () => {
  const f = compile((x: unknown) => tree.leaves(x).reduce((a, b) => a.mul(2).add(b)));
  const t = tensor(1);
  const seen: number[] = [];
  const g = compile((x: object) => {
    seen.push(Object.keys(x).length);
    return tree.leaves(x).reduce(ops.add);
  });
  assert.is(await (await f([t, t] as never)).item(), 3);
  await g({ 'a.b': t, c: t } as never);
  await g({ a: { b: t }, c: t } as never);
  await g({ a: { b: t, c: t } } as never);
  assert.equal(seen, [2, 2, 1]);
});

test('the compiling of kernels is told as far as it is, once', async () => {
  const device = await openDevice();
  try {
    const told: [number, number][] = [];
    device.onCompile = (done, total) => told.push([done, total]);
    const f = compile((x: Tensor) => x.mul(2).sum([0]).exp(), { device });
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const values = await (await f(x)).data();
    assert.ok(
      values.every((v, i) => Math.abs(v - Math.exp([8, 12][i])) < 1e-5 * v),
      `${values}`,
    );
    if (!device.adapterInfo.software) return assert.equal(told, []);
    const total = told[0][1];
    assert.ok(total > 0);
    assert.equal(
      told,
      Array.from({ length: total + 1 }, (_, done) => [done, total]),
    );
    // The same kernels in another plan are compiled.
    await compile((y: Tensor) => y.mul(2).sum([0]).exp(), { device })(x);
    assert.is(told.length, total + 1);
  } finally {
    device.dispose();
  }
});

test.run();
