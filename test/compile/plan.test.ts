import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { makePlan, planBytes, print } from '../../src/compile/index.ts';
import { inOrder } from '../../src/compile/order.ts';
import type { Capabilities } from '../../src/device/capabilities.ts';
import { loadShaders } from '../../src/device/shader.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import { input } from '../../src/graph/source.ts';
import * as ops from '../../src/ops/index.ts';
import { capabilities } from '../support/run-plan.ts';

/* Plans are plain data, made for any capabilities with no device at hand. */

const test = suite('plans without a device');
test.before(() => loadShaders());

const gpu: Capabilities = { ...capabilities, family: 'tiled', lanes: 32, maxStorageBuffers: 10 };
const network = () => {
  const [x, w, head] = [
    input(0, [4, 3, 16, 16], 'f32'),
    input(1, [8, 3, 3, 3], 'f32'),
    input(2, [8, 1], 'f32'),
  ];
  const pooled = ops.mean(ops.relu(ops.conv2d(x, w, { padding: 1 })), [2, 3]);
  const loss = ops.mean(ops.bceWithLogits(ops.matmul(pooled, head), ops.sigmoid(ops.matmul(pooled, head))));
  return [loss, ...grad(loss, [w, head])];
};

test('print lists every dispatch with grid, shapes and bytes, and the totals', () => {
  const plan = makePlan(network(), 3, capabilities);
  const lines = print(plan).split('\n');
  assert.is(lines.length, plan.dispatches.length + 1);
  plan.dispatches.forEach((d, i) => {
    assert.ok(
      lines[i].includes(d.kernel.name) && lines[i].includes(`grid ${d.kernel.grid.join('x')}`),
      lines[i],
    );
    for (const shape of d.shapes) assert.ok(lines[i].includes(`[${shape}]`), lines[i]);
    assert.match(lines[i], /\d (B|KiB|MiB)/);
  });
  assert.match(
    lines.at(-1)!,
    new RegExp(`^${plan.dispatches.length} dispatches, \\d+ pipelines, ${plan.slots.length} buffers, `),
  );
  assert.is(
    planBytes(plan),
    plan.slots.reduce((n, s) => n + s.bytes, 0),
  );
});

test('a plan is complete: slots exist, what is read was written, limits are kept', () => {
  for (const device of [capabilities, gpu]) {
    const plan = makePlan(network(), 3, device);
    const written = new Set<number>([
      ...plan.inputs.filter((s) => s !== null),
      ...plan.constants.map((c) => c.slot),
    ]);
    for (const { inputs, outputs, kernel, label } of plan.dispatches) {
      for (const slot of inputs) assert.ok(written.has(slot), `${label} reads #${slot}, which nothing wrote`);
      for (const slot of outputs) {
        assert.ok(slot < plan.slots.length && !inputs.includes(slot), `${label} writes #${slot}`);
        written.add(slot);
      }
      assert.ok(inputs.length + outputs.length <= device.maxStorageBuffers, `${label} binds too much`);
      assert.ok(
        kernel.grid.every((n) => Number.isInteger(n) && n >= 1 && n <= device.maxGrid),
        label,
      );
    }
    for (const slot of plan.outputs) assert.ok(written.has(slot));
  }
});

test('the same graph gives the same plan', () => {
  assert.equal(makePlan(network(), 3, gpu), makePlan(network(), 3, gpu));
});

test('arguments that nothing reads have no slot, and what no output needs is not computed', () => {
  const x = input(1, [8], 'f32');
  ops.exp(ops.matmul(ops.reshape(x, [2, 4]), ops.reshape(x, [4, 2])));
  const plan = makePlan([x.mul(2)], 3, capabilities);
  assert.equal(
    plan.inputs.map((s) => s === null),
    [true, false, true],
  );
  assert.is(plan.dispatches.length, 1);
});

test('multiplying by 1, adding 0, views of constants and identities cost nothing', () => {
  const x = input(0, [8, 4], 'f32');
  const nothing = [
    ops.mul(x, 1),
    ops.mul(1, x),
    ops.add(0, x),
    ops.sub(x, 0),
    ops.div(x, 1),
    ops.stopGradient(x),
  ];
  for (const y of nothing) assert.is(makePlan([y], 1, capabilities).dispatches.length, 0, `${y}`);
  const reshaped = ops.reshape(ops.reshape(x, [4, 8]), [32]);
  assert.is(makePlan([reshaped], 1, capabilities).dispatches.length, 0);
});

test('equal kernels of different sizes share a pipeline', () => {
  const f = (t: Tensor) => ops.sum(ops.mul(ops.sin(t), 3), 1);
  const plan = makePlan([f(input(0, [64, 8], 'f32')), f(input(1, [32, 8], 'f32'))], 2, capabilities);
  assert.is(plan.dispatches.length, 2);
  assert.is(plan.dispatches[0].kernel.source, plan.dispatches[1].kernel.source);
});

test('grids stay within the limit for half a gigabyte of numbers', () => {
  const x = input(0, [64, 32, 256, 256], 'f32');
  const odd = input(1, [131, 1021, 1023], 'f32');
  const outputs = [ops.sin(x), ops.sin(ops.permute(odd, [2, 1, 0])), ops.sum(x, [0, 2, 3]), ops.sum(x, 1)];
  for (const family of [capabilities, gpu]) {
    const device = { ...family, maxBindingBytes: 2 ** 31, maxBufferBytes: 2 ** 31 };
    for (const y of outputs)
      for (const { kernel } of makePlan([y], 2, device).dispatches)
        assert.ok(Math.max(...kernel.grid) <= device.maxGrid, `${kernel.name} has grid ${kernel.grid}`);
  }
});

test('a value too large for the device is named when the plan is made', () => {
  const x = input(0, [64, 64], 'f32');
  const device = { ...capabilities, maxBindingBytes: 2 ** 20, maxBufferBytes: 2 ** 19 };
  const wide = ops.sin(ops.broadcastTo(ops.reshape(x, [64, 1, 64]), [64, 64, 64]));
  assert.throws(
    () => makePlan([wide], 1, device),
    /plan: Tensor\(sin, f32\[64,64,64\]\) takes 1\.0 MiB, .* at most 0\.5 MiB/,
  );
  const table = tensor(new Float32Array(2 ** 18));
  assert.throws(() => makePlan([ops.sum(table)], 0, device), /Tensor\(host, f32\[262144\]\) takes 1\.0 MiB/);
  assert.is(
    makePlan([ops.sum(wide)], 1, device).dispatches.length > 0,
    true,
    'what is never stored may be large',
  );
});

test('what max reduces is stored, since its derivative compares with it', () => {
  const [a, b, c] = [0, 1, 2].map((i) => input(i, [6, 40], 'f32'));
  const sum = ops.add(ops.mul(a, b), c);
  const g = grad(ops.sum(ops.max(sum, 1)), c);
  const plan = makePlan([g], 3, capabilities);
  const stored = plan.dispatches.filter((d) => d.label.startsWith('add[6,40]'));
  assert.is(stored.length, 1);
  const [slot] = stored[0].outputs;
  assert.is(plan.dispatches.filter((d) => d.inputs.includes(slot)).length >= 2, true);
});

test('a deep graph needs no deep stack', () => {
  let x: Tensor = tensor([1, 2, 3]);
  for (let i = 0; i < 20000; i++) x = x.mul(0.999);
  assert.ok(makePlan([x], 0, capabilities).dispatches.length > 100);
});

test('long chains of views need no deep stack', () => {
  const x = tensor([1, 2, 3]);
  let flipped: Tensor = x;
  for (let i = 0; i < 20000; i++) flipped = ops.flip(flipped, [0]);
  assert.is(makePlan([ops.mul(flipped, 2)], 0, capabilities).dispatches.length, 1);
  let shifted: Tensor = x;
  for (let i = 0; i < 20000; i++) shifted = ops.slice(ops.pad(shifted, [1], [0]), [0], [3]);
  const plan = makePlan([ops.sum(shifted)], 0, capabilities);
  assert.ok(plan.dispatches.length > 100 && plan.dispatches.every((d) => d.kernel.source.length < 20_000));
});

test('what is read late waits, however much memory reading it now would free', () => {
  const [big, late, small, far] = [[64], [1], [8], [8]].map((shape, i) => input(i, shape, 'f32'));
  const work = (node: Tensor, reads: Tensor[], waits: Tensor[] = []) => ({
    nodes: [node],
    reads: new Set(reads),
    needs: new Set([...reads, ...waits]),
  });
  const [first, second, third] = [work(big, []), work(small, []), work(far, [small])];
  const greedy = work(late, [big]);
  assert.equal(inOrder([first, second, third, greedy], [big, small, far, late], [late, far]), [
    first,
    greedy,
    second,
    third,
  ]);
  const waiting = work(late, [big], [far]);
  assert.equal(inOrder([first, second, third, waiting], [big, small, far, late], [late, far]), [
    first,
    second,
    third,
    waiting,
  ]);
});

test('work that waits for a long chain needs no deep stack', () => {
  const chain = Array.from({ length: 20000 }, () => input(0, [4], 'f32'));
  const works = chain.map((node, i) => {
    const reads = new Set(i === 0 ? [] : [chain[i - 1]]);
    return { nodes: [node], reads, needs: reads };
  });
  const last = chain.at(-1)!;
  assert.equal(inOrder(works, [last], [last]), works);
});

test('what comes before pooling is computed while it is read, for values and codes in one pass', () => {
  const net = (x: Tensor, gamma: Tensor, beta: Tensor, window: ops.PoolOptions) =>
    ops.maxPool2d(ops.relu(ops.batchNorm(x, gamma, beta)), 2, window);
  const kernels = (window: ops.PoolOptions) => {
    const [x, gamma, beta] = [input(0, [3, 5, 8, 8], 'f32'), input(1, [5], 'f32'), input(2, [5], 'f32')];
    const loss = ops.sum(ops.square(net(x, gamma, beta, window)));
    return makePlan([loss, grad(loss, x)], 3, capabilities).dispatches.filter((d) =>
      d.kernel.name.startsWith('max_pool'),
    );
  };
  const apart = kernels({ stride: 2 });
  assert.is(apart.length, 1);
  assert.is(apart[0].label, 'maxPool2d[3,5,4,4] + maxPool2dCodes[3,5,4,4]');
  // The image, its statistics, scale and shift; values and codes.
  assert.is(apart[0].inputs.length, 5);
  assert.is(apart[0].outputs.length, 2);
  // Windows that overlap would compute an element several times: it is stored for them.
  assert.is(kernels({ stride: 1 })[0].inputs.length, 1);
});

test('what pooling computes in place is what can be bound at once', () => {
  const images = Array.from({ length: 6 }, (_, i) => input(i, [2, 3, 8, 8], 'f32'));
  // Every image is read as it is, and as one number of each plane.
  const planes = images.map((x) => ops.mul(x, ops.broadcastTo(ops.slice(x, [], [2, 3, 1, 1]), x.shape)));
  const loss = ops.sum(ops.square(ops.maxPool2d(planes.reduce(ops.add), 2)));
  for (const maxStorageBuffers of [8, 10, 13, 16]) {
    const { dispatches } = makePlan([loss, grad(loss, images[0])], 6, { ...capabilities, maxStorageBuffers });
    for (const d of dispatches)
      assert.ok(
        d.inputs.length + d.outputs.length <= maxStorageBuffers,
        `${d.label} of ${maxStorageBuffers}`,
      );
  }
});

test.run();
