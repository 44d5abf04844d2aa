import { type DrawDetail, drawDetails, fold } from './fold.ts';
import { topologicalOrder } from './order.ts';
import type { Tensor } from './tensor.ts';
import { type Tree, tensors } from './tree.ts';

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

/** Arrows that Mermaid draws in one graph unless its `maxEdges` says otherwise. */
const MERMAID_ARROWS = 500;

export interface DrawOptions {
  /** The language (default `dot`). */
  readonly format?: DrawFormat;
  /** Default: every node; in Mermaid, which refuses more than 500 arrows, as much as it takes. */
  readonly detail?: DrawDetail;
}

/** As much as the language draws. */
const detailFor = (format: DrawFormat, order: readonly Tensor[]): DrawDetail =>
  (format === 'mermaid' &&
    drawDetails.find((detail) => fold(order, detail).arrows.length <= MERMAID_ARROWS)) ||
  drawDetails[0];

/**
 * A graph as text for Graphviz or Mermaid: one box per node, one arrow per operand, and around nodes of one origin a box with
 * its name. What exists before anything runs (arguments, data) stands outside. Folded, nodes share a box, and boxes an arrow.
 * @throws when there is nothing to draw, or the format or the detail is unknown
 */
export function draw(outputs: Tree, { format = 'dot', detail }: DrawOptions = {}): string {
  if (!Object.hasOwn(notations, format))
    throw new Error(`draw: format "${format}" is unknown; there are ${Object.keys(notations).join(', ')}`);
  if (detail !== undefined && !drawDetails.includes(detail))
    throw new Error(`draw: detail "${detail}" is unknown; there are ${drawDetails.join(', ')}`);
  const roots = tensors(outputs);
  if (roots.length === 0) throw new Error('draw: there is no tensor to draw');
  const notation = notations[format];
  const order = topologicalOrder(roots);
  const { boxes, arrows } = fold(order, detail ?? detailFor(format, order));
  const outside: string[] = [];
  const clusters = new Map<string, string[]>();
  for (const [i, { lines, origin }] of boxes.entries()) {
    const text = notation.node(`n${i}`, lines);
    if (origin === undefined) outside.push(text);
    else {
      const cluster = clusters.get(origin) ?? [];
      cluster.push(text);
      clusters.set(origin, cluster);
    }
  }
  const lines = [
    ...outside,
    ...[...clusters].flatMap(([title, nodes], i) => notation.cluster(i, title, nodes)),
    ...arrows.map(([from, to]) => notation.edge(`n${from}`, `n${to}`)),
  ];
  const text = [notation.open, ...lines.map((line) => `  ${line}`), notation.close];
  return `${text.filter((line) => line !== '').join('\n')}\n`;
}
