import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad, hessian, hvp, jacobian, jvp, valueAndGrad, vjp } from '../../src/autodiff/index.ts';
import { type Given, reference } from '../../src/certify/reference.ts';
import type { Values } from '../../src/certify/reference-windows.ts';
import { ones, type Tensor, tensor, tree } from '../../src/graph/index.ts';
import * as ops from '../../src/ops/index.ts';
import { add, conv2d, matmul, maxPool2d, mean, mul, sin, square, sum, tanh } from '../../src/ops/index.ts';
import { assertClose } from '../support/assert-close.ts';
import { leaf, leafBetween } from '../support/leaves.ts';
import { says } from '../support/says.ts';

/*
 * Products with Jacobians, and Jacobians themselves, of graphs evaluated in float64: against differences where a function
 * is only known by its values, against each other by the identities that tie them together.
 */
const test = suite('products with Jacobians');

const values = (t: Tensor): number[] => Array.from(reference([t])[0]);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((n, v, i) => n + v * b[i], 0);
const dotTrees = (a: tree.Tree, b: tree.Tree): number =>
  tree.leaves(a).reduce((n, t, i) => n + dot(values(t), values(tree.leaves(b)[i])), 0);

/** J t by central differences of outputs in float64, of step 1e-4 and half that (Richardson): errors below 1e-9. */
function differences(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  tangents: readonly Tensor[],
): Values[] {
  const [base, direction] = [reference(inputs), reference(tangents)];
  const moved = (by: number): Given =>
    new Map(inputs.map((x, i) => [x, base[i].map((v, k) => v + by * direction[i][k])]));
  const slope = (h: number) => {
    const [high, low] = [reference(outputs, moved(h)), reference(outputs, moved(-h))];
    return high.map((y, i) => y.map((v, k) => (v - low[i][k]) / (2 * h)));
  };
  const [coarse, fine] = [slope(1e-4), slope(5e-5)];
  return fine.map((y, i) => y.map((v, k) => (4 * v - coarse[i][k]) / 3));
}

/** A net with one hidden layer, and its parameters. */
const net = () => ({ w: [leaf(3, 4), leaf(4, 2)], b: leaf(4) });
const run = ({ w, b }: ReturnType<typeof net>, x: Tensor) => matmul(tanh(add(matmul(x, w[0]), b)), w[1]);

/** Every function that maps f32 to f32, applied where it is smooth. */
const unary: Record<string, (x: Tensor) => Tensor> = {
  ...Object.fromEntries(
    (
      [
        ...([
          'neg',
          'square',
          'exp',
          'log',
          'sqrt',
          'rsqrt',
          'sin',
          'cos',
          'tanh',
          'sigmoid',
          'softplus',
        ] as const),
        ...([
          'abs',
          'relu',
          'hardSwish',
          'logSoftmax',
          'sign',
          'floor',
          'transpose',
          'sum',
          'mean',
          'max',
        ] as const),
      ] as const
    ).map((name) => [name, (x: Tensor) => ops[name](x)]),
  ),
  pow: (x) => ops.pow(x, 1.7),
  exponent: (x) => ops.pow(2.5, x),
  clamp: (x) => ops.clamp(x, 0.6, 1),
  flip: (x) => ops.flip(x, [1]),
  slice: (x) => ops.slice(x, [0, 1]),
  pad: (x) => ops.pad(x, [1, 0], [0, 2]),
  concat: (x) => ops.concat([x, ops.square(x)], 1),
  broadcastTo: (x) => ops.broadcastTo(x, [2, 3, 4]),
  maxPool2d: (x) => maxPool2d(x.reshape([1, 1, 3, 4]), 2),
  avgPool2d: (x) => ops.avgPool2d(x.reshape([1, 1, 3, 4]), 2),
  upsample: (x) => ops.upsampleNearest(x.reshape([1, 1, 3, 4]), [6, 9]),
  batchNorm: (x) => ops.batchNorm(x, tensor([1, 2, 3, 4]), tensor([0, 1, 0, 1])),
  crossEntropy: (x) => ops.crossEntropy(x, tensor(Int32Array.of(0, 3, 1))),
};
const binary = ['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum', 'bceWithLogits'] as const;

for (const [name, f] of Object.entries(unary))
  test(`jvp of ${name} is the derivative along the tangent`, () => {
    const [x, t] = [leafBetween(0.3, 0.9, 3, 4), leaf(3, 4)];
    const y = f(x);
    assertClose(values(jvp(y, x, t)), differences([y], [x], [t])[0], 1e-7, name, 1);
  });

for (const name of binary)
  test(`jvp of ${name} by both operands, and a broadcast one`, () => {
    const [x, t] = [
      [leafBetween(0.3, 0.9, 3, 4), leafBetween(0.3, 0.9, 4)],
      [leaf(3, 4), leaf(4)],
    ];
    const operands = name === 'bceWithLogits' ? [x[0], ops.broadcastTo(x[1], [3, 4])] : x;
    const y = ops[name](operands[0], operands[1]);
    assertClose(values(jvp(y, x, t)), differences([y], x, t)[0], 1e-7, name, 1);
  });

test('jvp of a convolution, where no value is left of the cotangent that it was pulled back with', () => {
  const [x, w] = [leaf(2, 3, 5, 5), leaf(4, 3, 3, 3)];
  const y = tanh(conv2d(x, w, { padding: 1 }));
  const t = [leaf(...x.shape), leaf(...w.shape)];
  assertClose(values(jvp(y, [x, w], t)), differences([y], [x, w], t)[0], 1e-7, 'conv2d');
});

test('<u, J t> = <J^T u, t> for trees', () => {
  const [p, x] = [net(), leaf(5, 3)];
  const outputs = { y: run(p, x), penalty: [sum(square(p.b)), sin(p.w[1])] };
  const u = { y: leaf(5, 2), penalty: [leaf(), leaf(4, 2)] };
  const t = net();
  const [Jt, JTu] = [jvp(outputs, p, t), vjp(outputs, p, u)];
  assert.equal(
    tree.entries(Jt).map(([k, v]) => [k, v.shape]),
    tree.entries(outputs).map(([k, v]) => [k, v.shape]),
  );
  assert.equal(
    tree.entries(JTu).map(([k, v]) => [k, v.shape]),
    tree.entries(p).map(([k, v]) => [k, v.shape]),
  );
  assertClose([dotTrees(u, Jt)], [dotTrees(JTu, t)], 1e-12, 'adjoint');
  differences(tree.leaves(outputs), tree.leaves(p), tree.leaves(t)).forEach((d, i) => {
    assertClose(values(tree.leaves(Jt)[i]), d, 1e-7, `output ${i}`);
  });
});

test('on the device too', async () => {
  const [p, x, t] = [net(), leaf(5, 3), net()];
  const y = run(p, x);
  for (const z of [jvp(y, p, t), ...tree.leaves(hvp(mean(square(y)), p, t)), jacobian(y, p).b])
    assertClose(await z.data(), values(z), 1e-5, `${z}`);
});

test('vjp and jvp give zeros where nothing depends', () => {
  const [a, b] = [tensor([1, 2]), tensor([3])];
  assert.equal(tree.leaves(vjp([square(a)], { a, b }, [ones([2])])).map(values), [[2, 4], [0]]);
  assert.equal(jvp([square(a), sin(b)], a, ones([2])).map(values), [[2, 4], [0]]);
});

test('the Jacobian of a net, by differences, in both modes', () => {
  const p = net();
  const few = run(p, leaf(1, 3));
  const many = run(p, leaf(30, 3));
  const cases: [Tensor, tree.Tree][] = [
    [few, p],
    [many, { b: p.b }],
  ];
  for (const [y, inputs] of cases) {
    const J = jacobian(y, inputs);
    for (const [i, leaf] of tree.leaves(inputs).entries()) {
      const block = tree.leaves(J)[i];
      assert.equal(block.shape, [...y.shape, ...leaf.shape]);
      const got = values(block);
      for (let k = 0; k < leaf.size; k++) {
        const e = tensor(
          Float32Array.from({ length: leaf.size }, (_, j) => +(j === k)),
          leaf.shape,
        );
        const column = got.filter((_, j) => j % leaf.size === k);
        assertClose(column, differences([y], [leaf], [e])[0], 1e-7, `column ${k} of leaf ${i}`, 1);
      }
    }
  }
});

test('the Jacobian of what does not depend, of a scalar, and by a scalar', () => {
  const [x, s] = [tensor([1, 2]), tensor(3)];
  assert.equal(values(jacobian(square(x), { x, s }).s), [0, 0]);
  assert.equal(values(jacobian(mul(x, s), s)), [1, 2]);
  assert.equal(values(jacobian(sum(mul(x, s)), x)), [3, 3]);
  assert.equal(values(jacobian(ops.stopGradient(x), s)), [0, 0]);
});

test('the Hessian of a quadratic x^T A x is A + A^T', () => {
  const [A, x] = [leaf(5, 5), leaf(5, 1)];
  const H = hessian(sum(matmul(matmul(x, A, { transposeA: true }), x)), x);
  assert.equal(H.shape, [5, 1, 5, 1]);
  assertClose(values(H), values(add(A, A.transpose())), 1e-12, 'A + A^T');
});

test('the Hessian is a tree of trees, symmetric, and hvp is it times v', () => {
  const [p, x, v] = [net(), leaf(5, 3), net()];
  const loss = mean(square(run(p, x)));
  const H = hessian(loss, p);
  assert.equal(H.w[0].b.shape, [3, 4, 4]);
  const leaves = tree.leaves(p);
  const block = (i: number, j: number) => {
    const m = values(tree.leaves(H)[i * leaves.length + j]);
    return { at: (r: number, c: number) => m[r * leaves[j].size + c] };
  };
  const Hv = tree.leaves(hvp(loss, p, v)).map(values);
  leaves.forEach((a, i) => {
    const product = new Float64Array(a.size);
    leaves.forEach((b, j) => {
      const [Hij, Hji, vj] = [block(i, j), block(j, i), values(tree.leaves(v)[j])];
      for (let r = 0; r < a.size; r++)
        for (let c = 0; c < b.size; c++) {
          assert.ok(Math.abs(Hij.at(r, c) - Hji.at(c, r)) < 1e-12, `symmetric at ${i},${j}`);
          product[r] += Hij.at(r, c) * vj[c];
        }
    });
    assertClose(Hv[i], product, 1e-12, `H v, leaf ${i}`);
  });
  const slope = differences(tree.leaves(grad(loss, p)), leaves, tree.leaves(v));
  slope.forEach((d, i) => {
    assertClose(Hv[i], d, 1e-7, `H v by differences, leaf ${i}`);
  });
});

test('third order: derivatives of Hessians, Jacobians of jvp, hvp of hvp', () => {
  const x = leafBetween(0.3, 0.9, 3);
  const f = sum(mul(sin(x), x.slice([0], [1])));
  const third = jacobian(hessian(f, x), x);
  assert.equal(third.shape, [3, 3, 3]);
  const [a, b, c] = [leaf(3), leaf(3), leaf(3)];
  const T = values(third);
  let contracted = 0;
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++)
      for (let k = 0; k < 3; k++)
        contracted += T[9 * i + 3 * j + k] * values(a)[i] * values(b)[j] * values(c)[k];
  const byJvp = jvp(jvp(jvp(f, x, a), x, b), x, c);
  const byHvp = jvp(sum(mul(hvp(f, x, a), b)), x, c);
  assertClose(values(byJvp), [contracted], 1e-12, 'three jvp');
  assertClose(values(byHvp), [contracted], 1e-12, 'hvp, then jvp');
  assertClose(
    values(jvp(hessian(f, x), x, c)),
    differences([hessian(f, x)], [x], [c])[0],
    1e-7,
    'differences',
  );
});

test('unused leaves: zeros, or an error that names them', () => {
  const p = { a: tensor([1, 2]), deep: [tensor(3), tensor([[4]])] };
  const loss = sum(mul(p.a, p.deep[0]));
  assert.equal(values(grad(loss, p).deep[1]), [0]);
  const message = says('grad: the loss does not depend on params.deep.1, f32[1,1]');
  assert.throws(() => grad(loss, p, { unused: 'error' }), message);
  assert.throws(
    () => valueAndGrad(() => loss, p, { unused: 'error' }),
    says('valueAndGrad: the loss does not depend on params.deep.1, f32[1,1]'),
  );
  assert.throws(() => grad(loss, tensor(1), { unused: 'error' }), says('depend on params, f32[]'));
  grad(loss, { a: p.a }, { unused: 'error' });
});

test('what has no derivative is refused, by name', () => {
  const [x, n] = [tensor([1, 2]), tensor(Int32Array.of(1, 2))];
  const refused = (f: () => unknown, message: string) => assert.throws(f, says(message));
  refused(
    () => grad(x, x),
    'grad: the loss must be one f32 number, got f32[2]; reduce it with sum() or mean()',
  );
  refused(() => grad(sum(n), x), 'grad: the loss must be one f32 number, got i32[]');
  refused(() => grad(sum(x), { w: [x, n] }), 'grad: params.w.1 is i32[2]; only f32 has derivatives');
  refused(() => grad(sum(x), n), 'grad: params is i32[2]; only f32');
  refused(() => grad(sum(x), { rate: 0.1 } as unknown as Tensor), 'grad: params.rate is not a tensor');
  refused(() => vjp({ n }, x, { n }), 'vjp: outputs.n is i32[2]');
  refused(() => vjp(x, [n], x), 'vjp: inputs.0 is i32[2]');
  refused(
    () => vjp({ a: x, b: x }, x, { a: x }),
    'vjp: cotangents.b must be a tensor like outputs.b, f32[2]',
  );
  refused(() => vjp({ a: x }, x, { a: x, b: x }), 'vjp: cotangents.b has no counterpart in outputs');
  refused(() => vjp({ a: x }, x, { a: ones([3]) }), 'vjp: cotangents.a is f32[3], but outputs.a is f32[2]');
  refused(() => vjp(x, x, n), 'vjp: cotangents is i32[2], but outputs is f32[2]');
  refused(() => jvp(x, [x], [ones([1])]), 'jvp: tangents.0 is f32[1], but inputs.0 is f32[2]');
  refused(() => hvp(sum(x), { x }, { y: x }), 'hvp: v.x must be a tensor like params.x, f32[2]');
  refused(() => hvp(x, { x }, { x }), 'hvp: the loss must be one f32 number');
  refused(() => jacobian(n, x), 'jacobian: output is i32[2]');
  refused(() => jacobian(x, { n }), 'jacobian: inputs.n is i32[2]');
});

test.run();
