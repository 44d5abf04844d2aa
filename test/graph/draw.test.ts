import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import {
  type DrawDetail,
  type DrawFormat,
  draw,
  type Tensor,
  tensor,
  topologicalOrder,
  withScope,
} from '../../src/graph/index.ts';
import { adapt } from '../../src/meta/index.ts';
import { exp, mul, sum } from '../../src/ops/index.ts';

const test = suite('draw');

/** What a drawing says: its boxes with their labels, its arrows, and the boxes around boxes. */
function parse(text: string, format: DrawFormat) {
  const [node, edge, cluster] =
    format === 'dot'
      ? [/^(n\d+) \[label="(.*)"\];$/, /^(n\d+) -> (n\d+);$/, /^label="(.*)"; style/]
      : [/^(n\d+)\["(.*)"\]$/, /^(n\d+) --> (n\d+)$/, /^subgraph cluster_\d+\["(.*)"\]$/];
  const found = { nodes: new Map<string, string>(), edges: [] as string[], clusters: [] as string[] };
  for (const line of text.split('\n').map((l) => l.trim())) {
    const [n, e, c] = [node, edge, cluster].map((pattern) => pattern.exec(line));
    if (n) {
      assert.not(found.nodes.has(n[1]), `${n[1]} twice`);
      found.nodes.set(n[1], n[2]);
    }
    if (e) found.edges.push(`${e[1]} ${e[2]}`);
    if (c) found.clusters.push(c[1]);
  }
  return found;
}

const metaGradient = (): Tensor => {
  const theta = { w: tensor([1, 2]) };
  const loss = (p: typeof theta, x: Tensor) => sum(exp(mul(p.w, x)));
  const { theta: adapted } = adapt(loss, theta, tensor([3, 4]), { rate: 0.1 });
  return grad(loss(adapted, tensor([5, 6])), theta).w;
};

test('every node and every operand once, in boxes by origin', () => {
  for (const format of ['dot', 'mermaid'] as const) {
    const y = metaGradient();
    const order = topologicalOrder([y]);
    const { nodes, edges, clusters } = parse(draw([y], { format }), format);
    assert.is(nodes.size, order.length);
    const id = (t: Tensor) => `n${order.indexOf(t)}`;
    const expected = order.flatMap((t) => t.inputs.map((x) => `${id(x)} ${id(t)}`));
    assert.equal(edges.sort(), expected.sort());
    for (const t of order) assert.ok(nodes.get(id(t))!.includes(`f32[${t.shape}]`), nodes.get(id(t)));
    assert.is(new Set(clusters).size, clusters.length);
    for (const name of ['forward', 'inner forward', 'inner gradient', 'outer gradient', 'second-order terms'])
      assert.ok(clusters.includes(name), name);
  }
});

test('an operand used twice has two arrows', () => {
  const x = tensor([1]);
  assert.equal(parse(draw([mul(x, x)]), 'dot').edges, ['n0 n1', 'n0 n1']);
});

test('names are escaped, boxes and brackets are balanced', () => {
  const y = withScope('a "b" \\ <c>', () => exp(tensor([1])));
  const dot = draw([y]);
  assert.equal(parse(dot, 'dot').clusters, ['a \\"b\\" \\\\ <c>']);
  assert.is(dot.split('{').length, dot.split('}').length);
  const mermaid = draw([y], { format: 'mermaid' });
  assert.equal(parse(mermaid, 'mermaid').clusters, ['a #34;b#34; #92; #60;c#62;']);
  assert.is(mermaid.match(/^ *subgraph /gm)!.length, mermaid.match(/^ *end$/gm)!.length);
});

test('a graph deeper than the call stack', () => {
  let y: Tensor = tensor([1]);
  for (let i = 0; i < 20_000; i++) y = exp(y);
  assert.is(parse(draw([y]), 'dot').edges.length, 20_000);
});

test('one tensor or a tree of them', () => {
  const [x, y] = [tensor([1, 2]), tensor([3, 4])];
  assert.is(draw(mul(x, y)), draw([mul(x, y)]));
  assert.is(parse(draw({ a: exp(x), b: [exp(y)] }), 'dot').nodes.size, 4);
  assert.throws(() => draw([]), /draw: there is no tensor to draw/);
});

test('formats and details that are unknown are refused', () => {
  assert.throws(
    () => draw(tensor(1), { format: 'svg' as DrawFormat }),
    /draw: format "svg" is unknown; there are dot, mermaid/,
  );
  assert.throws(
    () => draw(tensor(1), { detail: 'all' as DrawDetail }),
    /draw: detail "all" is unknown; there are nodes, ops, origins/,
  );
});

test('folded: the nodes of an op and an origin share a box, and boxes an arrow', () => {
  const x = tensor([1, 2]);
  const y = exp(mul(exp(exp(x)), x));
  const { nodes, edges, clusters } = parse(draw(y, { detail: 'ops' }), 'dot');
  assert.equal([...nodes.values()], ['host\\n1 node', 'exp\\n3 nodes', 'mul\\n1 node']);
  assert.equal(edges, ['n0 n1', 'n1 n2', 'n0 n2', 'n2 n1']);
  assert.equal(clusters, ['forward']);
  const origins = parse(draw(metaGradient(), { detail: 'origins' }), 'dot');
  assert.ok(origins.nodes.size === origins.clusters.length + 1, [...origins.nodes.values()].join(', '));
  assert.ok([...origins.nodes.values()].some((label) => /^second-order terms\\n\d+ nodes?$/.test(label)));
});

test('more arrows than Mermaid takes are folded, and only there', () => {
  let y: Tensor = tensor(1);
  for (let i = 0; i < 300; i++) y = mul(y, y);
  assert.is(parse(draw(y), 'dot').edges.length, 600);
  const { nodes, edges } = parse(draw(y, { format: 'mermaid' }), 'mermaid');
  assert.equal([nodes.size, edges.length], [2, 1]);
  assert.is(parse(draw(y, { format: 'mermaid', detail: 'nodes' }), 'mermaid').edges.length, 600);
});

test.run();
