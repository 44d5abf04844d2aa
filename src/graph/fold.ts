import { describeOrigin } from './origin.ts';
import { showShape } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** How much a drawing shows: every node; one box for the nodes of an op and an origin; one box for all of an origin. */
export const drawDetails = ['nodes', 'ops', 'origins'] as const;
export type DrawDetail = (typeof drawDetails)[number];

/** A graph as boxes and arrows. */
export interface Drawing {
  readonly boxes: readonly Box[];
  /** Numbers of boxes; those of nodes one for every operand, those of folded boxes once. */
  readonly arrows: readonly (readonly [from: number, to: number])[];
}

export interface Box {
  readonly lines: readonly string[];
  /** The origin that it belongs to; none for what exists before anything runs. */
  readonly origin?: string;
}

const isSource = ({ op }: Tensor): boolean => op.lowering.kind === 'source';

/** What a node is: its op, or a constant's value. */
const nameOf = ({ op, attrs }: Tensor): string =>
  op.lowering.kind === 'constant' ? String(attrs.value) : op.name;

const kindOf = (node: Tensor): string => (node.op.lowering.kind === 'constant' ? 'constant' : node.op.name);

const originOf = (node: Tensor): string | undefined =>
  isSource(node) ? undefined : describeOrigin(node.origin);

/** @param order all nodes of a graph, operands first */
export function fold(order: readonly Tensor[], detail: DrawDetail): Drawing {
  if (detail === 'nodes') {
    const numbers = new Map(order.map((node, i) => [node, i]));
    return {
      boxes: order.map((node) => ({
        lines: [nameOf(node), `${node.dtype}${showShape(node.shape)}`],
        origin: originOf(node),
      })),
      arrows: order.flatMap((node) => node.inputs.map((x) => [numbers.get(x)!, numbers.get(node)!] as const)),
    };
  }
  const titleOf = (node: Tensor) =>
    detail === 'ops' ? kindOf(node) : (originOf(node) ?? 'arguments and data');
  const members = new Map<string, Tensor[]>();
  const boxOf = new Map<Tensor, number>();
  const numbers = new Map<string, number>();
  for (const node of order) {
    const key = `${originOf(node)} ${titleOf(node)}`;
    const own = members.get(key) ?? [];
    own.push(node);
    members.set(key, own);
    if (!numbers.has(key)) numbers.set(key, numbers.size);
    boxOf.set(node, numbers.get(key)!);
  }
  const arrows = new Map<string, readonly [number, number]>();
  for (const node of order)
    for (const x of node.inputs) {
      const [from, to] = [boxOf.get(x)!, boxOf.get(node)!];
      if (from !== to) arrows.set(`${from} ${to}`, [from, to]);
    }
  return {
    boxes: [...members.values()].map((nodes) => ({
      lines: [titleOf(nodes[0]), nodes.length === 1 ? '1 node' : `${nodes.length} nodes`],
      origin: originOf(nodes[0]),
    })),
    arrows: [...arrows.values()],
  };
}
