import { topologicalOrder } from '../graph/order.ts';
import { withOrigin } from '../graph/origin.ts';
import { sizeOf } from '../graph/shape.ts';
import { zeros } from '../graph/source.ts';
import { bytesOf, type Tensor } from '../graph/tensor.ts';
import { cutsOf, type Range } from './cuts.ts';
import { after, combined, cut, joined, type Piece, withRows } from './rows.ts';
import { operands } from './storage.ts';

/*
 * Values larger than a device binds at once exist in parts along their leading axis, the batch: part k of an elementwise
 * result comes of part k of every operand, a sum over the batch is the sum of the parts' sums, and so on. Only what
 * reads or makes a large value is touched.
 */

const rowsOf = (t: Tensor): number => t.shape[0] ?? 1;
const rowBytes = (t: Tensor): number => bytesOf(t) / rowsOf(t);

/** Whether a node's rows can be computed apart from each other. */
function splittable(node: Tensor, limit: number): boolean {
  const { lowering } = node.op;
  if (rowsOf(node) < 2 || rowBytes(node) > limit) return false;
  if (lowering.kind === 'kernel') return lowering.rows !== undefined;
  if (lowering.kind === 'reduce') return !(node.attrs.axes as number[]).includes(0);
  return lowering.kind === 'elementwise' || lowering.kind === 'view';
}

/**
 * The values to split: the large ones that are stored; what is computed from them, or they from, in the same loops goes along,
 * so that no part looks into a large expression.
 */
function chooseSplit(order: readonly Tensor[], large: ReadonlySet<Tensor>, limit: number): Set<Tensor> {
  const split = new Set([...large].filter((t) => splittable(t, limit)));
  const wanted = (t: Tensor) => bytesOf(t) > limit && !split.has(t) && splittable(t, limit);
  for (let before = -1; before < split.size; ) {
    before = split.size;
    for (const node of order) if (operands(node).some((x) => split.has(x)) && wanted(node)) split.add(node);
    for (const node of [...order].reverse())
      if (split.has(node)) for (const x of operands(node)) if (wanted(x)) split.add(x);
  }
  return split;
}

/**
 * The graph with large values replaced by parts of at most `limit` bytes.
 * @param large stored values that take more
 * @throws what `refuse` gives for a value that cannot be split, or is needed whole
 */
export function splitLarge(
  outputs: readonly Tensor[],
  large: ReadonlySet<Tensor>,
  limit: number,
  refuse: (value: Tensor) => Error,
): Tensor[] {
  const order = topologicalOrder(outputs);
  const split = chooseSplit(order, large, limit);
  for (const node of large) if (!split.has(node)) throw refuse(node);
  for (const output of outputs) if (split.has(output)) throw refuse(output);
  const links = order.map((node) => [node, ...operands(node)].filter((t) => split.has(t)));
  const cuts = cutsOf(
    [...split].map((t) => ({ rows: rowsOf(t), bytes: rowBytes(t) })),
    links.map((list) => list.map(rowsOf)),
    limit,
  );
  const splitter = new Splitter(refuse);
  for (const node of order)
    withOrigin(node.origin, () => {
      if (split.has(node)) splitter.split(node, cuts.get(rowsOf(node))!);
      else splitter.keep(node);
    });
  return outputs.map((output) => splitter.whole(output));
}

/** Builds the new graph node by node, inputs before users. */
class Splitter {
  readonly #refuse: (value: Tensor) => Error;
  /** What exists in parts, and what they are. Values that are not large may, where they come of large ones. */
  readonly #pieces = new Map<Tensor, readonly Piece[]>();
  readonly #whole = new Map<Tensor, Tensor>();
  /** The values that exist in no other way than in parts. */
  readonly #large = new Set<Tensor>();

  constructor(refuse: (value: Tensor) => Error) {
    this.#refuse = refuse;
  }

  split(node: Tensor, ranges: readonly Range[]): void {
    this.#large.add(node);
    this.#pieces.set(
      node,
      ranges.map(([from, to]) => ({ value: this.#rows(node, from, to), from, to })),
    );
  }

  /** A value that stays whole, though it may be computed from parts. */
  keep(node: Tensor): void {
    const { kind } = node.op.lowering;
    const source = operands(node)
      .filter((x) => this.#large.has(x))
      .sort((a, b) => rowsOf(b) - rowsOf(a))[0];
    if (source === undefined || kind === 'elementwise' || kind === 'view')
      this.#whole.set(node, this.#rows(node, 0, rowsOf(node)));
    else
      this.#pieces.set(node, kind === 'reduce' ? this.#reduced(node, source) : this.#byKernel(node, source));
  }

  /** The new value of a node. Joining a large one's parts is an expression for loops to read; the parts are stored, not it. */
  whole(node: Tensor): Tensor {
    const known = this.#whole.get(node);
    if (known !== undefined) return known;
    const pieces = this.#pieces.get(node)!;
    const apart = this.#large.has(node) ? pieces.map((p) => ({ ...p, value: after(p.value, []) })) : pieces;
    const value = joined(apart, rowsOf(node));
    this.#whole.set(node, value);
    return value;
  }

  /** Rows of a node that was handled before. */
  #take(node: Tensor, from: number, to: number): Tensor {
    const pieces = this.#pieces.get(node);
    const exact = pieces?.find((p) => p.from === from && p.to === to);
    if (exact !== undefined) return exact.value;
    if (pieces === undefined || !this.#large.has(node)) return cut(this.whole(node), 0, from, to);
    const found = pieces
      .filter((p) => p.from < to && p.to > from)
      .map((p) => {
        const [a, b] = [Math.max(from, p.from), Math.min(to, p.to)];
        return { value: cut(p.value, 0, a - p.from, b - p.from), from: a - from, to: b - from };
      });
    return joined(found, to - from);
  }

  /** Rows of a node, computed from what it reads. */
  #rows(node: Tensor, from: number, to: number): Tensor {
    const { lowering } = node.op;
    switch (lowering.kind) {
      case 'view':
        return this.#view(node, from, to);
      case 'elementwise':
        return withRows(
          node,
          node.inputs.map((x) => this.#take(x, from, to)),
          to - from,
        );
      case 'kernel':
        return this.#kernel(node, from, to, rowsOf(node));
      case 'reduce': {
        const overRows = (node.attrs.axes as number[]).includes(0);
        const [x] = node.inputs;
        return withRows(node, [overRows ? this.whole(x) : this.#take(x, from, to)], to - from);
      }
      default:
        return node;
    }
  }

  #view(node: Tensor, from: number, to: number): Tensor {
    const { lowering, name } = node.op;
    if (lowering.kind !== 'view') throw new Error(`${name} is not a view`);
    const [x, ...others] = node.inputs;
    const rows = to - from;
    const one = (value: Tensor, attrs = node.attrs) => withRows(node, [value], rows, attrs);
    if (rows === rowsOf(node) && !node.inputs.some((t) => this.#pieces.has(t)))
      return withRows(
        node,
        node.inputs.map((t) => this.whole(t)),
        rows,
      );
    switch (lowering.view) {
      case 'identity':
        return this.#take(x, from, to);
      case 'after': {
        const awaited = others.flatMap((t) => this.#pieces.get(t)?.map((p) => p.value) ?? [this.whole(t)]);
        return withRows(node, [this.#take(x, from, to), ...awaited], rows);
      }
      case 'expand':
        return one(rowsOf(x) === 1 ? this.whole(x) : this.#take(x, from, to));
      case 'permute': {
        const axis = (node.attrs.order as number[])[0];
        return one(axis === 0 ? this.#take(x, from, to) : cut(this.whole(x), axis, from, to));
      }
      case 'slice': {
        const [first, ...rest] = node.attrs.start as number[];
        return one(this.#take(x, first + from, first + to), { start: [0, ...rest] });
      }
      case 'flip': {
        const axes = node.attrs.axes as number[];
        const n = rowsOf(node);
        return one(axes.includes(0) ? this.#take(x, n - to, n - from) : this.#take(x, from, to));
      }
      case 'pad': {
        const [before, ...rest] = node.attrs.before as number[];
        const [first, last] = [Math.max(from - before, 0), Math.min(to - before, rowsOf(x))];
        if (first >= last) return zeros([rows, ...node.shape.slice(1)], node.dtype);
        return one(this.#take(x, first, last), { before: [first + before - from, ...rest] });
      }
      case 'reshape': {
        const own = sizeOf(node.shape.slice(1));
        const inner = sizeOf(x.shape.slice(1));
        const [first, last] = [(from * own) / inner, (to * own) / inner];
        if (Number.isInteger(first) && Number.isInteger(last)) return one(this.#take(x, first, last));
        return cut(withRows(node, [this.whole(x)], rowsOf(node)), 0, from, to);
      }
    }
  }

  /** A reduction of a value in parts: the parts' own, or those combined. */
  #reduced(node: Tensor, source: Tensor): readonly Piece[] {
    const { lowering } = node.op;
    if (lowering.kind !== 'reduce') throw new Error(`${node} is not a reduction`);
    const overRows = (node.attrs.axes as number[]).includes(0);
    const pieces = this.#pieces.get(source)!.map(({ value, from, to }) => ({
      value: withRows(node, [value], overRows ? 1 : to - from),
      from,
      to,
    }));
    if (!overRows) return pieces;
    const values = pieces.map((p) => p.value);
    return [{ value: combined(values, lowering.combine), from: 0, to: 1 }];
  }

  /** A kernel's result that is not large, from each part of a large input. */
  #byKernel(node: Tensor, source: Tensor): readonly Piece[] {
    const [rows, all] = [rowsOf(node), rowsOf(source)];
    const pieces = this.#pieces.get(source)!.map(({ from, to }) => ({
      value: this.#kernel(node, from, to, all),
      from: Math.floor((from * rows) / all),
      to: Math.ceil((to * rows) / all),
    }));
    const apart = pieces.every((p, i) => i === 0 || pieces[i - 1].to <= p.from);
    return apart ? pieces : [{ value: joined(pieces, rows), from: 0, to: rows }];
  }

  /** A kernel over the share from `from` to `to` of `all` of the leading axes that go along. */
  #kernel(node: Tensor, from: number, to: number, all: number): Tensor {
    const { lowering } = node.op;
    const along = lowering.kind === 'kernel' ? lowering.rows : undefined;
    const share = (t: Tensor): Range => {
      const [first, last] = [(from * rowsOf(t)) / all, (to * rowsOf(t)) / all];
      const range: Range = [Math.floor(first), Math.ceil(last)];
      // Either whole rows, or some of what belongs to a single one.
      const fits = (Number.isInteger(first) && Number.isInteger(last)) || range[1] - range[0] === 1;
      if (!fits) throw this.#refuse(node.inputs.find((x) => this.#large.has(x)) ?? node);
      return range;
    };
    const inputs = node.inputs.map((x, i) => {
      if (along?.includes(i)) return this.#take(x, ...share(x));
      if (this.#large.has(x)) throw this.#refuse(x);
      return this.whole(x);
    });
    const [first, last] = share(node);
    return withRows(node, inputs, last - first);
  }
}
