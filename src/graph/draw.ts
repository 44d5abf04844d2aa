import { topologicalOrder } from './order.ts';
import { describeOrigin } from './origin.ts';
import { showShape } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** The languages that `draw` writes. */
export type DrawFormat = 'dot' | 'mermaid';

interface Notation {
  readonly open: string;
  readonly close: string;
  readonly node: (id: string, lines: readonly string[]) => string;
  /** A box around nodes. */
  readonly cluster: (number: number, title: string, nodes: readonly string[]) => readonly string[];
  readonly edge: (from: string, to: string) => string;
}

const dotText = (text: string): string => text.replace(/[\\"]/g, '\\$&');
/** Mermaid takes characters by number, `#` being one of its own. */
const mermaidText = (text: string): string =>
  text.replace(/[^\w .,:[\]()+-]/g, (c) => `#${c.codePointAt(0)};`);

const notations: Record<DrawFormat, Notation> = {
  dot: {
    open: 'digraph {\n  node [shape=box, style="rounded,filled", fillcolor=white, fontname="Helvetica"];',
    close: '}',
    node: (id, lines) => `${id} [label="${lines.map(dotText).join('\\n')}"];`,
    cluster: (number, title, nodes) => [
      `subgraph cluster_${number} {`,
      `  label="${dotText(title)}"; style=filled; color="#e8eef7"; fontname="Helvetica-Bold";`,
      ...nodes.map((node) => `  ${node}`),
      '}',
    ],
    edge: (from, to) => `${from} -> ${to};`,
  },
  mermaid: {
    open: 'flowchart TD',
    close: '',
    node: (id, lines) => `${id}["${lines.map(mermaidText).join('<br/>')}"]`,
    cluster: (number, title, nodes) => [
      `subgraph cluster_${number}["${mermaidText(title)}"]`,
      ...nodes.map((node) => `  ${node}`),
      'end',
    ],
    edge: (from, to) => `${from} --> ${to}`,
  },
};

/** What a node is: its op, or a constant's value, and its type and shape. */
function describe({ op, attrs, dtype, shape }: Tensor): string[] {
  const name = op.lowering.kind === 'constant' ? String(attrs.value) : op.name;
  return [name, `${dtype}${showShape(shape)}`];
}

/**
 * A graph as text for Graphviz (`dot`, the default) or Mermaid: one box per node, one arrow per operand, and around nodes of
 * one origin a box with its name. What exists before anything runs (arguments, data) stands outside. Mermaid refuses more
 * than 500 arrows unless its `maxEdges` says otherwise.
 */
export function draw(outputs: Iterable<Tensor>, { format = 'dot' }: { format?: DrawFormat } = {}): string {
  const notation = notations[format];
  const order = topologicalOrder(outputs);
  const ids = new Map(order.map((node, i) => [node, `n${i}`]));
  const outside: string[] = [];
  const clusters = new Map<string, string[]>();
  for (const node of order) {
    const text = notation.node(ids.get(node)!, describe(node));
    if (node.op.lowering.kind === 'source') outside.push(text);
    else {
      const title = describeOrigin(node.origin);
      const cluster = clusters.get(title) ?? [];
      cluster.push(text);
      clusters.set(title, cluster);
    }
  }
  const lines = [
    ...outside,
    ...[...clusters].flatMap(([title, nodes], i) => notation.cluster(i, title, nodes)),
    ...order.flatMap((node) => node.inputs.map((x) => notation.edge(ids.get(x)!, ids.get(node)!))),
  ];
  const text = [notation.open, ...lines.map((line) => `  ${line}`), notation.close];
  return `${text.filter((line) => line !== '').join('\n')}\n`;
}
