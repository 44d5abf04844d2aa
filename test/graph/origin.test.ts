import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { makePlan } from '../../src/compile/index.ts';
import { loadShaders } from '../../src/device/shader.ts';
import { describeOrigin, type Tensor, topologicalOrder, withScope } from '../../src/graph/index.ts';
import { input } from '../../src/graph/source.ts';
import { adapt, type Loss } from '../../src/meta/index.ts';
import * as ops from '../../src/ops/index.ts';
import { vmap } from '../../src/vmap/index.ts';
import { capabilities } from '../support/run-plan.ts';

const test = suite('origins');
test.before(() => loadShaders());

const gpu = { ...capabilities, family: 'tiled', lanes: 32 } as const;
const x = () => input(0, [4], 'f32');
const labels = (nodes: Iterable<Tensor>): string[] => [
  ...new Set([...nodes].filter((t) => t.inputs.length > 0).map((t) => describeOrigin(t.origin))),
];

type Params = { w: Tensor };
type Batch = { x: Tensor; y: Tensor };
/** A network with a fused op and one whose derivative is that of its expansion. */
const loss: Loss<Params, Batch> = ({ w }, { x, y }) => {
  const features = ops.relu(ops.conv2d(x, w, { padding: 1 }));
  const norm = ops.batchNorm(features, input(5, [3], 'f32'), input(6, [3], 'f32'));
  return ops.mean(ops.bceWithLogits(ops.mean(norm, [1, 2, 3]), y));
};
const batch = (first: number): Batch => ({
  x: input(first, [2, 2, 8, 8], 'f32'),
  y: input(first + 1, [2], 'f32'),
});
const metaStep = (order: 1 | 2, steps = 1) => {
  const theta = { w: input(0, [3, 2, 3, 3], 'f32') };
  const adapted = adapt(loss, theta, batch(1), { rate: 0.1, order, steps });
  const query = loss(adapted.theta, batch(3), steps);
  return { adapted, query, gradient: grad(query, theta).w };
};

test('a scope names what is built in it, the innermost first, and ends with it', () => {
  const a = x();
  const [outer, inner, after] = withScope('outer', () => [
    ops.exp(a),
    withScope('inner', () => ops.exp(a)),
    ops.exp(a),
  ]);
  assert.equal(
    [a, outer, inner, after, ops.exp(a)].map((t) => t.origin.scope),
    ['', 'outer', 'inner', 'outer', ''],
  );
});

test('a scope ends when its work throws, and refuses work that is async', () => {
  assert.throws(
    () =>
      withScope('broken', () => {
        throw new Error('no');
      }),
    'no',
  );
  assert.is(ops.exp(x()).origin.scope, '');
  assert.throws(() => withScope('late', async () => ops.exp(x())), /"late" must not be async/);
  assert.is(ops.exp(x()).origin.scope, '');
});

test('a gradient is of order 1, its derivative of order 2, and so on', () => {
  const a = x();
  let y = ops.sum(ops.exp(ops.sin(a)));
  for (const order of [1, 2, 3]) {
    const before = new Set(topologicalOrder([y]));
    const built = grad(y, a);
    y = ops.sum(built);
    assert.is(built.origin.order, order);
    for (const t of topologicalOrder([built]))
      if (!before.has(t) && t.inputs.length > 0) assert.ok(t.origin.order <= order, `${t}`);
  }
});

test('the parts of a meta-step carry their names', () => {
  const { adapted, query, gradient } = metaStep(2);
  const [{ loss: support, gradient: inner }] = adapted.steps;
  assert.equal(labels(topologicalOrder([support])), ['inner forward']);
  assert.is(describeOrigin(inner.w.origin), 'inner gradient');
  assert.is(describeOrigin(adapted.theta.w.origin), 'inner update');
  assert.is(describeOrigin(query.origin), 'forward');
  assert.is(describeOrigin(gradient.origin), 'second-order terms');
  assert.equal(labels(topologicalOrder([gradient])).sort(), [
    'forward',
    'inner forward',
    'inner gradient',
    'inner update',
    'outer gradient',
    'second-order terms',
  ]);
});

test('first-order meta-gradients have no second-order terms', () => {
  const { gradient } = metaStep(1, 3);
  assert.not(labels(topologicalOrder([gradient])).includes('second-order terms'));
  assert.is(describeOrigin(gradient.origin), 'outer gradient');
});

test('rewriting for a device keeps origins: of expansions, choices and what is moved', () => {
  for (const device of [capabilities, gpu]) {
    const of = (outputs: Tensor[]) => [
      ...new Set(makePlan(outputs, 7, device).dispatches.map((d) => describeOrigin(d.origin))),
    ];
    const { adapted, query, gradient } = metaStep(2);
    assert.equal(of([adapted.steps[0].loss]), ['inner forward']);
    assert.equal(of([adapted.steps[0].gradient.w]).sort(), ['inner forward', 'inner gradient']);
    assert.ok(of([query, gradient]).includes('second-order terms'));
    const first = metaStep(1);
    assert.not(of([first.query, first.gradient]).includes('second-order terms'));
  }
});

test('a batch of tasks keeps the origins of one', () => {
  const theta = input(0, [3, 2, 3, 3], 'f32');
  const task = { support: batch(1), query: batch(3) };
  const stacked = (b: Batch): Batch => ({
    x: ops.broadcastTo(b.x, [5, 2, 2, 8, 8]),
    y: ops.broadcastTo(b.y, [5, 2]),
  });
  const losses = vmap(({ support, query }: typeof task) =>
    loss(adapt(loss, { w: theta }, support, { rate: 0.1 }).theta, query, 1),
  )({ support: stacked(task.support), query: stacked(task.query) });
  const found = labels(topologicalOrder([losses]));
  for (const label of ['forward', 'inner forward', 'inner gradient', 'inner update'])
    assert.ok(found.includes(label), label);
});

test.run();
