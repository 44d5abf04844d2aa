import type { Word } from '../device/kernel.ts';
import { f32, i32, u32 } from '../device/kernel.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { LoopDim } from './domain.ts';
import type { Expression, Step } from './expression.ts';

/** Fields of the uniform struct `dims`, filled while the text that reads them is written. */
export class DimsWriter {
  readonly words: Word[] = [];
  readonly #fields: string[] = [];

  /** Adds a number; the expression that reads it in WGSL. Numbers stay out of the text so that pipelines are shared. */
  u32(name: string, value: number): string {
    return this.#add(name, 'u32', u32(value));
  }

  i32(name: string, value: number): string {
    return this.#add(name, 'i32', i32(value));
  }

  f32(name: string, value: number): string {
    return this.#add(name, 'f32', f32(value));
  }

  #add(name: string, type: string, word: Word): string {
    this.#fields.push(`${name}: ${type}`);
    this.words.push(word);
    return `dims.${name}`;
  }

  get struct(): string {
    return `struct Dims { ${this.#fields.join(', ')} }`;
  }
}

/** log(1 + z), exact for small z: the error of rounding 1 + z cancels. */
const LOG1P = `fn log1p(z: F) -> F {
  let u = F(1) + z;
  return select(log(u) * z / (u - F(1)), z, u == F(1));
}`;

/** WGSL text of one loop body: bindings, where each leaf is read, and the steps. */
export class BodyWriter {
  readonly #expression: Expression;
  readonly #dims: readonly LoopDim[];
  readonly #vector: boolean;
  readonly #writer: DimsWriter;
  readonly #bindings: { base: Tensor; type: string }[] = [];
  readonly #bound: ReadonlyMap<Tensor, string>;

  /** @param bound names of buffers that are bound elsewhere already, of the type that the body reads them as */
  constructor(
    expression: Expression,
    dims: readonly LoopDim[],
    vector: boolean,
    writer: DimsWriter,
    bound: ReadonlyMap<Tensor, string> = new Map(),
  ) {
    this.#expression = expression;
    this.#dims = dims;
    this.#vector = vector;
    this.#writer = writer;
    this.#bound = bound;
    expression.leaves.forEach((_, leaf) => {
      this.#buffer(leaf);
    });
  }

  /** The types that the body's functions work on. */
  get aliases(): string {
    return this.#vector ? 'alias F = vec4f;\nalias I = vec4i;' : 'alias F = f32;\nalias I = i32;';
  }

  /** Functions that the steps call beyond those of WGSL. */
  get functions(): string {
    const calls = (step: Step) =>
      step.kind === 'call' && step.wgsl(...step.args.map(() => '')).includes('log1p(');
    return this.#expression.steps.some(calls) ? LOG1P : '';
  }

  /** Whether a leaf is read along the innermost dimension, rather than once before it. */
  #walks(leaf: number): boolean {
    const inner = this.#dims[this.#dims.length - 1];
    return inner !== undefined && inner.strides[leaf] !== 0;
  }

  #arrayType(leaf: number): string {
    const { dtype } = this.#expression.leaves[leaf];
    return this.#vector && this.#walks(leaf) ? `vec4<${dtype}>` : dtype;
  }

  /** The buffer of a leaf: leaves that read one as the same type share a binding. */
  #buffer(leaf: number): string {
    const { base } = this.#expression.leaves[leaf];
    const elsewhere = this.#bound.get(base);
    if (elsewhere !== undefined) return elsewhere;
    const type = this.#arrayType(leaf);
    const known = this.#bindings.findIndex((b) => b.base === base && b.type === type);
    return `in${known >= 0 ? known : this.#bindings.push({ base, type }) - 1}`;
  }

  /** The stored values to bind, in order. */
  get reads(): Tensor[] {
    return this.#bindings.map((b) => b.base);
  }

  /** Declarations of inputs from binding 1 on. */
  get inputs(): string {
    return this.#bindings
      .map(({ type }, i) => `@group(0) @binding(${i + 1}) var<storage, read> in${i}: array<${type}>;`)
      .join('\n');
  }

  /** Where each leaf starts: `let base0 = ...;` lines, to be followed by `advance` for the outer dimensions. */
  bases(): string {
    return this.#expression.leaves
      .map((leaf, i) => `var base${i} = ${this.#writer.i32(`offset${i}`, leaf.access.offset)};`)
      .join('\n');
  }

  /** Adds a loop dimension's share to every base: `base0 += i32(c1) * dims.stride0_1;`. */
  advance(dim: number, coordinate: string, suffix = ''): string {
    return this.#expression.leaves
      .map((_, i) => i)
      .filter((i) => this.#dims[dim].strides[i] !== 0)
      .map((i) => {
        const stride = this.#writer.i32(`stride${i}_${dim}`, this.#dims[dim].strides[i]);
        return `base${i}${suffix} += i32(${coordinate}) * ${stride};`;
      })
      .join('\n');
  }

  /** Reads leaves that do not move along the innermost dimension. */
  hoisted(): string {
    return this.#leafLines(
      (i) => !this.#walks(i),
      (i) => `base${i}`,
    );
  }

  /** Reads leaves at position `inner` of the innermost dimension (in vectors if the body is vectorised). */
  loads(inner: string): string {
    const last = this.#dims.length - 1;
    return this.#leafLines(
      (i) => this.#walks(i),
      (i) => {
        if (this.#vector) return `(base${i} >> 2u) + i32(${inner})`;
        const stride = this.#dims[last].strides[i];
        if (stride === 1) return `base${i} + i32(${inner})`;
        return `base${i} + i32(${inner}) * ${this.#writer.i32(`stride${i}_inner`, stride)}`;
      },
    );
  }

  #leafLines(chosen: (leaf: number) => boolean, index: (leaf: number) => string): string {
    return this.#expression.leaves
      .map((leaf, i) => ({ type: leaf.dtype === 'f32' ? 'F' : 'I', i }))
      .filter(({ i }) => chosen(i))
      .map(({ type, i }) => `let leaf${i} = ${type}(${this.#buffer(i)}[${index(i)}]);`)
      .join('\n');
  }

  /** The steps, as `let v3 = ...;` lines. `coordinate(d)` gives the u32 expression of an original dimension. */
  steps(coordinate: (original: number) => string): string {
    const constants = this.#expression.constants.map(({ value, dtype }, i) =>
      dtype === 'f32' ? `F(${this.#writer.f32(`k${i}`, value)})` : `I(${this.#writer.i32(`k${i}`, value)})`,
    );
    const position = ({ dim, scale, offset }: { dim: number; scale: number; offset: number }, at: string) => {
      const own = dim < 0 ? '0' : `i32(${coordinate(dim)})`;
      const by = this.#writer.i32(at, offset);
      return scale === 1 ? `(${own} + ${by})` : `(${by} - ${own})`;
    };
    const text = (step: Step, number: number): string => {
      switch (step.kind) {
        case 'load':
          return `leaf${step.leaf}`;
        case 'constant':
          return constants[step.constant];
        case 'coordinate':
          return `I(${position(step.coordinate, `p${number}`)})`;
        case 'within': {
          const inside = step.bounds.map(({ coordinate: c, extent }, i) => {
            // Unsigned, so that one comparison covers both ends.
            const at = `u32(${position(c, `p${number}_${i}`)})`;
            return `${at} < ${this.#writer.u32(`n${number}_${i}`, extent)}`;
          });
          return `select(${step.dtype === 'f32' ? 'F' : 'I'}(0), v${step.value}, ${inside.join(' && ')})`;
        }
        case 'call':
          return step.wgsl(...step.args.map((a) => `v${a}`));
      }
    };
    return this.#expression.steps.map((step, i) => `let v${i} = ${text(step, i)};`).join('\n');
  }
}
