import type { Capabilities } from '../device/capabilities.ts';
import { fillTemplate } from '../device/fill-template.ts';
import { foldGrid } from '../device/grid.ts';
import type { Kernel } from '../device/kernel.ts';
import { shaderSource } from '../device/shader.ts';
import type { DType } from '../graph/tensor.ts';
import { type LoopDim, loopDims, vectorises } from './domain.ts';
import type { Expression } from './expression.ts';
import { decode, extents, type LoopKernel, lines, outputs, product, type Result } from './loop-kernel.ts';
import { BodyWriter, DimsWriter } from './wgsl.ts';

export type Combine = 'sum' | 'max';

/**
 * How values are reduced, as WGSL text. A float sum loses digits as it grows beyond its terms, so no accumulator takes
 * more than a few hundred of them: loops add up blocks, blocks rows, and rows parts.
 */
class Reducer {
  readonly #combine: Combine;
  readonly #lowest: string;

  constructor(combine: Combine, results: readonly Result[], writer: DimsWriter) {
    this.#combine = combine;
    // WGSL has no literal for minus infinity, so it comes as a number from outside.
    const needed = combine === 'max' && results.some((r) => r.dtype === 'f32');
    this.#lowest = needed ? writer.f32('lowest', Number.NEGATIVE_INFINITY) : '';
  }

  /** Functions that the text calls, for floats of the body (`F`) and for scalars. */
  get functions(): string {
    if (this.#lowest === '') return '';
    // NaN wins, as it does in a sum. Told by its bits: compilers may take it that no number differs from itself.
    const greater = (name: string, float: string, integer: string) =>
      lines(
        `fn ${name}(a: ${float}, b: ${float}) -> ${float} {`,
        `  let nan = (bitcast<${integer}>(b) & ${integer}(0x7fffffff)) > ${integer}(0x7f800000);`,
        '  return select(a, b, (b > a) | nan);',
        '}',
      );
    return lines(greater('greater', 'F', 'I'), greater('greater_scalar', 'f32', 'i32'));
  }

  /** `var acc0 = ...;` for every result: accumulators that hold nothing yet. */
  declare(name: string, results: readonly Result[]): string {
    return lines(
      ...results.map(
        (r, i) => `var ${name}${i} = ${r.dtype === 'f32' ? 'F' : 'I'}(${this.#initial(r.dtype)});`,
      ),
    );
  }

  #initial(dtype: DType): string {
    if (this.#combine === 'sum') return '0';
    return dtype === 'f32' ? this.#lowest : '-2147483648';
  }

  /** Two values reduced to one. */
  join(dtype: DType, a: string, b: string, scalar = false): string {
    if (this.#combine === 'sum') return `${a} + ${b}`;
    return dtype === 'i32' ? `max(${a}, ${b})` : `${scalar ? 'greater_scalar' : 'greater'}(${a}, ${b})`;
  }

  /** `acc0 = ...;` for every result: takes a value into its accumulator. */
  take(name: string, results: readonly Result[], value: (r: Result, i: number) => string): string {
    return lines(
      ...results.map((r, i) => `${name}${i} = ${this.join(r.dtype, `${name}${i}`, value(r, i))};`),
    );
  }

  /** The four numbers of a vector reduced to one. */
  across(dtype: DType, v: string): string {
    const pair = (a: string, b: string) => `(${this.join(dtype, `${v}.${a}`, `${v}.${b}`, true)})`;
    return this.join(dtype, pair('x', 'y'), pair('z', 'w'), true);
  }
}

/** Terms that one accumulator takes of `count`: about as many as there are accumulators to add up. */
const blockOf = (count: number): number => Math.max(64, Math.ceil(Math.sqrt(count)));

/** Reduced values as they leave a kernel: complete, or `parts` partial ones in front of the kept shape. */
export interface Reduction extends LoopKernel {
  readonly parts: number;
}

/** Reduces every result over `axes` of `shape`. Results are stored in the order of the kept dimensions. */
export function reduceKernel(
  shape: readonly number[],
  axes: readonly number[],
  expression: Expression,
  results: readonly Result[],
  combine: Combine,
  device: Capabilities,
): Reduction {
  const dims = loopDims(shape, axes, expression);
  const inner = dims.at(-1);
  const lanes = device.family === 'simd' ? device.lanes : 64;
  // A processor's workgroup costs more than a lane that adds up a few terms by itself.
  const few = device.family === 'simd' && product(extents(dims.filter((d) => d.reduced))) < 16 * lanes;
  const kept = product(extents(dims.filter((d) => !d.reduced)));
  if (inner?.reduced && inner.extent >= 2 * lanes && !(few && kept >= lanes))
    return reduceRows(splitLong(dims), expression, results, combine, device);
  return reduceColumns(dims, expression, results, combine, device);
}

/** Every term is computed and combined with those before it. */
const flopsOf = (dims: readonly LoopDim[], expression: Expression, results: readonly Result[]): number =>
  product(extents(dims)) * (expression.operations + results.length);

/** Splits a very long innermost dimension in two, so that several workgroups can share it. */
function splitLong(dims: readonly LoopDim[]): LoopDim[] {
  const inner = dims[dims.length - 1];
  if (inner.extent < 16384 || inner.original !== undefined) return [...dims];
  let length = 4096;
  while (length >= 512 && inner.extent % length !== 0) length -= 4;
  if (length < 512) return [...dims];
  return [
    ...dims.slice(0, -1),
    { extent: inner.extent / length, reduced: true, strides: inner.strides.map((s) => s * length) },
    { ...inner, extent: length },
  ];
}

/** One workgroup per kept position; see shaders/reduce_rows.wgsl. */
function reduceRows(
  dims: readonly LoopDim[],
  expression: Expression,
  results: readonly Result[],
  combine: Combine,
  device: Capabilities,
): Reduction {
  const vector = vectorises(dims, expression);
  const innermost = dims.length - 1;
  const inner = dims[innermost].extent / (vector ? 4 : 1);
  const numbered = dims.map(({ extent, reduced }, d) => ({ extent, reduced, d, name: `c${d}` }));
  const kept = numbered.filter((x) => !x.reduced);
  const outer = numbered.filter((x) => x.reduced && x.d !== innermost);
  const keptCount = product(extents(kept));
  const outerCount = product(extents(outer));
  const busy = device.family === 'simd' ? 8 : 1024;
  const mostRows = 512;
  const parts = Math.min(outerCount, Math.ceil(Math.max(busy / keptCount, outerCount / mostRows)));
  const part = Math.ceil(outerCount / parts);
  const workgroup =
    device.family === 'simd' ? device.lanes : Math.min(256, 2 ** Math.ceil(Math.log2(Math.max(32, inner))));

  const writer = new DimsWriter();
  const body = new BodyWriter(expression, dims, vector, writer);
  const reducer = new Reducer(combine, results, writer);
  writer.u32('kept', keptCount);
  writer.u32('outer', outerCount);
  writer.u32('inner', inner);
  writer.u32('part', part);
  writer.u32('block', workgroup * blockOf(inner / workgroup));
  const coordinate = (original: number): string => {
    const d = dims.findIndex((dim) => dim.original === original);
    return d === innermost ? 'i' : `c${d}`;
  };
  const start = lines(
    decode('kept', kept, writer),
    body.bases().replaceAll('var base', 'var start'),
    ...kept.map((x) => body.advance(x.d, x.name).replaceAll('base', 'start')),
    reducer.declare('acc', results),
  );
  const row = lines(
    decode('q', outer, writer),
    ...expression.leaves.map((_, i) => `var base${i} = start${i};`),
    ...outer.map((x) => body.advance(x.d, x.name)),
    body.hoisted(),
  );
  const point = lines(
    body.loads('i'),
    body.steps(coordinate),
    reducer.take('block', results, ({ step }) => `v${step}`),
  );
  const foldFunction = ({ dtype }: Result, i: number) =>
    lines(
      `fn fold${i}(value: ${dtype}, lane: u32) -> ${dtype} {`,
      `  shared_${dtype}[lane] = value;`,
      '  workgroupBarrier();',
      '  for (var half = WORKGROUP / 2; half > 0; half /= 2) {',
      '    if (lane < half) {',
      `      shared_${dtype}[lane] = ${reducer.join(dtype, `shared_${dtype}[lane]`, `shared_${dtype}[lane + half]`, true)};`,
      '    }',
      '    workgroupBarrier();',
      '  }',
      `  let total = shared_${dtype}[0];`,
      '  workgroupBarrier();',
      '  return total;',
      '}',
    );
  const finish = results
    .map((r, i) =>
      lines(
        `let total${i} = fold${i}(${vector ? reducer.across(r.dtype, `acc${i}`) : `acc${i}`}, lane.x);`,
        `if (lane.x == 0) { out${i}[place] = total${i}; }`,
      ),
    )
    .join('\n');
  const [x, y] = foldGrid(keptCount, device.maxGrid);
  const kernel = {
    name: 'reduce_rows',
    source: fillTemplate(shaderSource('reduce_rows'), {
      aliases: body.aliases,
      inputs: body.inputs,
      outputs: outputs(results, body.reads.length + 1, (r) => r.dtype),
      functions: lines(body.functions, reducer.functions),
      shared: [...new Set(results.map((r) => r.dtype))]
        .map((dtype) => `var<workgroup> shared_${dtype}: array<${dtype}, WORKGROUP>;`)
        .join('\n'),
      fold: results.map(foldFunction).join('\n'),
      start,
      row,
      open: reducer.declare('block', results),
      point,
      close: reducer.take('acc', results, (_, i) => `block${i}`),
      finish,
      struct: writer.struct,
    }),
    constants: { WORKGROUP: workgroup },
    dims: writer.words,
    flops: flopsOf(dims, expression, results),
    grid: [x, y, parts] as const,
  };
  return { kernel, reads: body.reads, parts };
}

/** One invocation per kept position and part; see shaders/reduce_columns.wgsl. */
function reduceColumns(
  dims: readonly LoopDim[],
  expression: Expression,
  results: readonly Result[],
  combine: Combine,
  device: Capabilities,
): Reduction {
  const innermost = dims.length - 1;
  const vector = dims[innermost]?.reduced === false && vectorises(dims, expression);
  const width = vector ? 4 : 1;
  const numbered = dims.map((dim, d) => ({
    extent: d === innermost ? dim.extent / width : dim.extent,
    reduced: dim.reduced,
    d,
    name: `c${d}`,
  }));
  const kept = numbered.filter((x) => !x.reduced);
  const reduced = numbered.filter((x) => x.reduced);
  const keptCount = product(extents(kept));
  const workgroup = device.family === 'simd' ? device.lanes : 64;
  const groups = Math.ceil(keptCount / workgroup);
  // The longest reduced dimension is split where there is too little to do side by side, or too much to add in a row.
  const longest = [...reduced].sort((a, b) => b.extent - a.extent)[0];
  const terms = product(extents(reduced));
  const [busy, fewest] = device.family === 'simd' ? [8, 2048] : [1024, 32];
  const wanted = Math.max(Math.min(busy / groups, terms / fewest), terms / 65536, 1);
  const part = Math.ceil((longest?.extent ?? 1) / Math.min(Math.ceil(wanted), longest?.extent ?? 1));
  const parts = Math.ceil((longest?.extent ?? 1) / part);

  const writer = new DimsWriter();
  const body = new BodyWriter(expression, dims, vector, writer);
  const reducer = new Reducer(combine, results, writer);
  writer.u32('kept', keptCount);
  const coordinate = (original: number): string => `c${dims.findIndex((dim) => dim.original === original)}`;
  const leaves = expression.leaves.map((_, i) => i);
  const setup = lines(
    decode('place', kept, writer),
    body.bases(),
    ...kept.filter((x) => x.d !== innermost).map((x) => body.advance(x.d, x.name)),
    reducer.declare('acc', results),
  );
  /** The loops from number `k` on, their values taken into the accumulators `into`. */
  const loops = (k: number, into: string): string => {
    const x = reduced[k];
    if (x === undefined)
      return lines(
        body.hoisted(),
        body.loads(dims.length === 0 ? '0u' : `c${innermost}`),
        body.steps(coordinate),
        reducer.take(into, results, ({ step }) => `v${step}`),
      );
    const { d, name } = x;
    const count = writer.u32(`count${d}`, x.extent);
    const split = x === longest && parts > 1;
    const length = split ? part : x.extent;
    const long = length > 256;
    const [own, inner] = [long ? `block${d}_` : into, `sum${d}_`];
    const nested = k + 1 < reduced.length;
    const block = long ? writer.u32(`length${d}`, blockOf(length)) : '';
    const by = split ? writer.u32('part', part) : '';
    const [first, end] = split ? ['first', 'end'] : ['0u', count];
    const [from, to] = long ? [`from${d}`, `to${d}`] : [first, end];
    const loop = lines(
      // Bases of the enclosing loop are saved so that every loop starts where its parent stands.
      ...leaves.map((i) => `let before${d}_${i} = base${i};`),
      `for (var ${name} = ${from}; ${name} < ${to}; ${name}++) {`,
      ...leaves.map((i) => `base${i} = before${d}_${i};`),
      d === innermost ? '' : body.advance(d, name),
      nested ? reducer.declare(inner, results) : '',
      loops(k + 1, nested ? inner : own),
      nested ? reducer.take(own, results, (_, i) => `${inner}${i}`) : '',
      '}',
      ...leaves.map((i) => `base${i} = before${d}_${i};`),
    );
    return lines(
      split ? lines(`let first = group.z * ${by};`, `let end = min(${count}, first + ${by});`) : '',
      !long
        ? loop
        : lines(
            `for (var from${d} = ${first}; from${d} < ${end}; from${d} += ${block}) {`,
            `let to${d} = min(${end}, from${d} + ${block});`,
            reducer.declare(own, results),
            loop,
            reducer.take(into, results, (_, i) => `${own}${i}`),
            '}',
          ),
    );
  };
  const nest = loops(0, 'acc');
  const at = parts > 1 ? 'group.z * dims.kept + place' : 'place';
  const store = lines(...results.map((_, i) => `out${i}[${at}] = acc${i};`));
  const [x, y] = foldGrid(groups, device.maxGrid);
  const kernel: Kernel = {
    name: 'reduce_columns',
    source: fillTemplate(shaderSource('reduce_columns'), {
      aliases: body.aliases,
      inputs: body.inputs,
      outputs: outputs(results, body.reads.length + 1, (r) => (vector ? `vec4<${r.dtype}>` : r.dtype)),
      functions: lines(body.functions, reducer.functions),
      body: lines(setup, nest, store),
      struct: writer.struct,
    }),
    constants: { WORKGROUP: workgroup },
    dims: writer.words,
    flops: flopsOf(dims, expression, results),
    grid: [x, y, parts],
  };
  return { kernel, reads: body.reads, parts };
}
