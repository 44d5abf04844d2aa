import { stridesOf } from '../graph/shape.ts';
import type { DType, Tensor } from '../graph/tensor.ts';
import { type Affine, affine, type Bound, type Coordinate, type IndexMap, throughView } from './index-map.ts';
import { contiguousBase, isPad, isView } from './storage.ts';

/** A step of a loop's body; operands are numbers of earlier steps. */
export type Step =
  | { readonly kind: 'load'; readonly leaf: number; readonly dtype: DType }
  | { readonly kind: 'constant'; readonly constant: number; readonly dtype: DType }
  | { readonly kind: 'coordinate'; readonly coordinate: Coordinate }
  | {
      readonly kind: 'within';
      readonly bounds: readonly Bound[];
      readonly value: number;
      readonly dtype: DType;
    }
  | {
      readonly kind: 'call';
      readonly wgsl: (...args: string[]) => string;
      readonly args: readonly number[];
      readonly dtype: DType;
    };

/** A stored value that the loop reads. */
export interface Leaf {
  readonly base: Tensor;
  readonly dtype: DType;
  readonly access: Affine;
}

/** The body of a loop over a domain: what it reads, and the steps that compute with it. Equal steps appear once. */
export class Expression {
  readonly leaves: Leaf[] = [];
  readonly constants: { value: number; dtype: DType }[] = [];
  readonly steps: Step[] = [];
  readonly #domainRank: number;
  readonly #isStored: (t: Tensor) => boolean;
  readonly #known = new Map<string, number>();

  constructor(domainRank: number, isStored: (t: Tensor) => boolean) {
    this.#domainRank = domainRank;
    this.#isStored = isStored;
  }

  /** Step number of a node's value at the place that `map` names; a stored node is read unless it is the `root`. */
  value(node: Tensor, map: IndexMap, root = false): number {
    let [shown, place] = [node, map];
    // Views one after another are looked through in a loop: there may be more of them than the stack is deep.
    for (;;) {
      const base = contiguousBase(shown);
      // A stored root that is a reshape is computed as a copy of its base.
      const isRoot = root && shown === node;
      if ((!isRoot && this.#isStored(shown)) || (base !== shown && this.#isStored(base)))
        return this.#load(shown, base, place);
      if (!isView(shown) || isPad(shown)) break;
      place = throughView(shown, place).map;
      shown = shown.inputs[0];
    }
    return this.#once(`${shown.id}@${JSON.stringify(place)}`, () => this.#compute(shown, place));
  }

  /** Operations at every point; reading, indexing and choosing by bounds are none. */
  get operations(): number {
    return this.steps.filter((step) => step.kind === 'call').length;
  }

  #compute(node: Tensor, map: IndexMap): Step | number {
    const { lowering } = node.op;
    const { dtype } = node;
    switch (lowering.kind) {
      case 'constant':
        return this.#constant(node.attrs.value as number, dtype);
      case 'iota':
        return { kind: 'coordinate', coordinate: map[node.attrs.axis as number] };
      case 'view': {
        const { map: inner, bounds } = throughView(node, map);
        const value = this.value(node.inputs[0], inner);
        return bounds.length === 0 ? value : { kind: 'within', bounds, value, dtype };
      }
      case 'elementwise': {
        const args = node.inputs.map((input) => this.value(input, map));
        return { kind: 'call', wgsl: lowering.wgsl, args, dtype };
      }
      default:
        throw new Error(`${node} has no value inside a loop`);
    }
  }

  #load(node: Tensor, base: Tensor, map: IndexMap): number {
    const access = affine(map, node.shape, this.#domainRank);
    return this.#once(`load ${base.id} ${JSON.stringify(access)}`, () => {
      this.leaves.push({ base, dtype: node.dtype, access });
      return { kind: 'load', leaf: this.leaves.length - 1, dtype: node.dtype };
    });
  }

  #constant(value: number, dtype: DType): Step {
    let constant = this.constants.findIndex((c) => Object.is(c.value, value) && c.dtype === dtype);
    if (constant < 0) constant = this.constants.push({ value, dtype }) - 1;
    return { kind: 'constant', constant, dtype };
  }

  #once(key: string, make: () => Step | number): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = make();
    const step = typeof made === 'number' ? made : this.steps.push(made) - 1;
    this.#known.set(key, step);
    return step;
  }
}

/** Whether a loop over `domain` reads a value at every point where it lies in memory as the loop's results do, and nowhere else. */
export function readsInStep({ leaves }: Expression, t: Tensor, domain: readonly number[]): boolean {
  const own = leaves.filter((leaf) => leaf.base === t);
  const inStep = ({ access: { offset, strides } }: Leaf) =>
    offset === 0 && stridesOf(domain).every((stride, d) => domain[d] === 1 || strides[d] === stride);
  return own.length === 1 && inStep(own[0]);
}
