import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import '../../src/compile/index.ts';
import {
  broadcastShapes,
  full,
  iota,
  ones,
  resolveAxes,
  stridesOf,
  Tensor,
  tensor,
  topologicalOrder,
  tree,
  zeros,
} from '../../src/graph/index.ts';
import { add, mul } from '../../src/ops/index.ts';

const test = suite('graph');

test('tensors from numbers, lists and typed arrays', async () => {
  assert.equal(
    [tensor(3).shape, tensor([[1, 2, 3]]).shape, tensor([[[1], [2]]]).shape],
    [[], [1, 3], [1, 2, 1]],
  );
  assert.equal(
    [tensor(1).dtype, tensor(Int32Array.of(1)).dtype, tensor([1], [1], 'i32').dtype],
    ['f32', 'i32', 'i32'],
  );
  const t = tensor(Float32Array.of(1, 2, 3, 4), [2, 2]);
  assert.equal([t.size, t.rank, `${t}`], [4, 2, 'Tensor(host, f32[2,2])']);
  assert.equal(Array.from(await t.data()), [1, 2, 3, 4]);
  assert.equal(
    Array.from(
      await tensor(
        [
          [1, 2],
          [3, 4],
        ],
        [4],
      ).data(),
    ),
    [1, 2, 3, 4],
  );
});

test('data() gives a copy', async () => {
  const t = tensor([1, 2]);
  (await t.data())[0] = 9;
  assert.equal(Array.from(await t.data()), [1, 2]);
});

test('constants and counters', async () => {
  assert.equal(Array.from(await zeros([2]).data()), [0, 0]);
  assert.equal(Array.from(await ones([2], 'i32').data()), [1, 1]);
  assert.equal(Array.from(await full([2], -0.5).data()), [-0.5, -0.5]);
  assert.equal(Array.from(await iota([2, 3], 1).data()), [0, 1, 2, 0, 1, 2]);
  assert.equal(Array.from(await iota([2, 3], 0).data()), [0, 0, 0, 1, 1, 1]);
});

test('integers are never made of what is none', async () => {
  const not = (value: string) => new RegExp(`${value} is not an integer from -2147483648 to 2147483647`);
  assert.throws(() => full([2], 1.7, 'i32'), not('full: 1\\.7'));
  assert.throws(() => full([2], 3e9, 'i32'), not('full: 3000000000'));
  assert.throws(() => tensor([1, Number.NaN], undefined, 'i32'), not('tensor: NaN'));
  assert.throws(() => tensor(Float32Array.of(1, 0.5), [2], 'i32'), not('tensor: 0\\.5'));
  assert.equal(
    Array.from(await tensor([-2147483648, 2147483647], [2], 'i32').data()),
    [-2147483648, 2147483647],
  );
  assert.equal(Array.from(await full([1], -2147483648, 'i32').data()), [-2147483648]);
});

test('what makes constants names itself in errors', () => {
  assert.throws(() => zeros([0]), /^zeros: shape \[0\]/);
  assert.throws(() => ones([2.5]), /^ones: shape \[2\.5\]/);
  assert.throws(() => iota([-1], 0), /^iota: shape \[-1\]/);
  assert.throws(() => iota([2, 3], 3), /^iota: axis 3 is out of range for shape \[2,3\]/);
  assert.throws(() => iota([2, 3], -3), /^iota: axis -3 is out of range/);
});

test('a negative axis counts from the end', async () => {
  assert.equal(Array.from(await iota([2, 3], -1).data()), [0, 1, 2, 0, 1, 2]);
});

test('shapes: strides, broadcasting, axes', () => {
  assert.equal(stridesOf([2, 3, 4]), [12, 4, 1]);
  assert.equal(broadcastShapes('op', [3, 1], [2, 1, 4]), [2, 3, 4]);
  assert.equal(broadcastShapes('op', [], [5]), [5]);
  assert.throws(
    () => broadcastShapes('op', [3], [4]),
    /op: shapes \[3\] and \[4\] do not broadcast: axis -1 is 3 and 4/,
  );
  assert.equal(resolveAxes('op', [-1, 0], [4, 5, 6]), [0, 2]);
  assert.equal(resolveAxes('op', undefined, [4, 5]), [0, 1]);
  assert.throws(() => resolveAxes('op', 2, [4, 5]), /op: axis 2 is out of range for shape \[4,5\] of rank 2/);
  assert.throws(() => resolveAxes('op', [0, -2], [4, 5]), /op: axes \[0,-2\] name one axis of \[4,5\] twice/);
});

test('topological order: inputs first, each node once, boundaries not crossed', () => {
  const x = tensor([1]);
  const y = add(x, x);
  const z = mul(y, x);
  assert.equal(topologicalOrder([z, y]), [x, y, z]);
  assert.equal(topologicalOrder([z], new Set([y])), [y, x, z]);
  assert.ok(topologicalOrder([z]).every((t) => t instanceof Tensor));
});

test('trees: paths, order, rebuilding, mapping', () => {
  const [a, b, c] = [tensor(1), tensor(2), tensor(3)];
  const params = { conv: { weight: a, bias: b }, list: [c] };
  assert.equal(
    tree.entries(params).map(([path]) => path),
    ['conv.weight', 'conv.bias', 'list.0'],
  );
  assert.equal(tree.leaves(params), [a, b, c]);
  const swapped = tree.withLeaves(params, [c, a, b]);
  assert.is(swapped.conv.weight, c);
  assert.is(swapped.list[0], b);
  assert.ok(Array.isArray(swapped.list));
  const doubled = tree.map((x) => x.mul(2), params);
  assert.is(doubled.conv.bias.op.name, 'mul');
  const paths: string[] = [];
  tree.mapWithPath(
    (path, x, y) => {
      paths.push(path);
      assert.is(x, y);
      return x;
    },
    params,
    params,
  );
  assert.equal(paths, ['conv.weight', 'conv.bias', 'list.0']);
  assert.throws(() => tree.withLeaves(params, [a]), /3 leaves, got 1/);
  assert.is(
    tree.map((x) => x, a),
    a,
  );
});

test('map refuses trees that differ, whichever has more', () => {
  const [a, b] = [tensor(1), tensor(2)];
  const first = (x: Tensor) => x;
  const [small, large] = [{ p: a }, { p: a, q: b }] as { p: Tensor; q?: Tensor }[];
  assert.throws(
    () => tree.map(first, small as never, large as never),
    /tree 1 has a leaf "q" that tree 0 has not/,
  );
  assert.throws(() => tree.map(first, large as never, small as never), /tree 1 has no leaf "q"/);
});

test('map pairs leaves by name, whatever their order', () => {
  const [a, b] = [tensor(1), tensor(2)];
  const pairs: Tensor[][] = [];
  const note = (x: Tensor, y: Tensor): Tensor => {
    pairs.push([x, y]);
    return x;
  };
  tree.map(note, { p: a, q: b }, { q: b, p: a });
  assert.equal(pairs, [
    [a, a],
    [b, b],
  ]);
});

test.run();
