import type { Capabilities } from '../device/capabilities.ts';
import type { Kernel } from '../device/kernel.ts';
import { shaderSource } from '../device/shader.ts';
import type { DType, Tensor } from '../graph/tensor.ts';
import { type LoopDim, loopDims, vectorises } from './domain.ts';
import type { Expression } from './expression.ts';
import { BodyWriter, DimsWriter, fillTemplate } from './wgsl.ts';

/** A loop as a kernel, with the stored values that it binds for reading, in order. */
export interface LoopKernel {
  readonly kernel: Kernel;
  readonly reads: readonly Tensor[];
}

/** A value that a loop kernel writes: the number of the step that computes it, and its type. */
export interface Result {
  readonly step: number;
  readonly dtype: DType;
}

const product = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1);
const extents = (dims: readonly LoopDim[]): number[] => dims.map((d) => d.extent);

/** Splits a count of workgroups over two grid dimensions. */
function fold(count: number, device: Capabilities): [number, number] {
  const x = Math.min(count, device.maxGrid);
  return [x, Math.ceil(count / x)];
}

/** `let c0 = ...; let c1 = ...;`: the coordinates of a row-major index over these dimensions, innermost last. */
function decode(
  index: string,
  dims: readonly { extent: number; name: string }[],
  writer: DimsWriter,
): string {
  if (dims.length === 0) return '';
  const lines = dims.length === 1 ? [] : [`var rest_${dims[0].name} = ${index};`];
  const rest = dims.length === 1 ? index : `rest_${dims[0].name}`;
  for (let d = dims.length - 1; d > 0; d--) {
    const n = writer.u32(`size_${dims[d].name}`, dims[d].extent);
    lines.push(`let ${dims[d].name} = ${rest} % ${n};`, `${rest} = ${rest} / ${n};`);
  }
  lines.push(`let ${dims[0].name} = ${rest};`);
  return lines.join('\n');
}

const outputs = (results: readonly Result[], first: number, type: (r: Result) => string): string =>
  results
    .map((r, i) => `@group(0) @binding(${first + i}) var<storage, read_write> out${i}: array<${type(r)}>;`)
    .join('\n');

const lines = (...parts: readonly string[]): string => parts.filter((p) => p !== '').join('\n');

/** Computes every result at every point of `shape` and stores it there. */
export function elementwiseKernel(
  shape: readonly number[],
  expression: Expression,
  results: readonly Result[],
  device: Capabilities,
): LoopKernel {
  const dims = loopDims(shape, [], expression);
  const vector = vectorises(dims, expression);
  const width = vector ? 4 : 1;
  const outer = dims.slice(0, -1);
  const inner = (dims.at(-1)?.extent ?? 1) / width;
  const rows = product(extents(outer));
  // Rows shorter than a workgroup would leave lanes idle: then all points form one row, and each finds its coordinates.
  const workgroup = device.family === 'simd' ? device.lanes : 64;
  const flat = outer.length > 0 && inner < workgroup;
  const points = flat ? rows * inner : inner;
  const perWorkgroup = device.family === 'simd' ? workgroup * 64 : workgroup * 4;
  const fewest = Math.ceil(points / device.maxGrid);
  const chunk = workgroup * Math.ceil(Math.max(fewest, Math.min(perWorkgroup, points)) / workgroup);

  const writer = new DimsWriter();
  const body = new BodyWriter(expression, dims, vector, writer);
  writer.u32('rows', flat ? 1 : rows);
  const innerExtent = writer.u32('inner', points);
  writer.u32('chunk', chunk);
  const innermost = outer.length;
  const coordinate = (original: number): string => {
    const d = dims.findIndex((dim) => dim.original === original);
    return d === innermost ? (flat ? 'within' : 'i') : `c${d}`;
  };
  const named = outer.map(({ extent }, d) => ({ extent, name: `c${d}` }));
  const locate = (index: string) =>
    lines(
      decode(index, named, writer),
      body.bases(),
      ...outer.map((_, d) => body.advance(d, `c${d}`)),
      body.hoisted(),
    );
  const store = (at: string) => results.map(({ step }, i) => `out${i}[${at}] = v${step};`).join('\n');
  let row: string;
  let point: string;
  if (flat) {
    const n = writer.u32('row_length', inner);
    row = '';
    point = lines(
      `let within = i % ${n};`,
      `let row_of_point = i / ${n};`,
      locate('row_of_point'),
      body.loads('within'),
      body.steps(coordinate),
      store('i'),
    );
  } else {
    row = locate('row');
    point = lines(body.loads('i'), body.steps(coordinate), store(`row * ${innerExtent} + i`));
  }
  const type = (r: Result) => (vector ? `vec4<${r.dtype}>` : r.dtype);
  const [y, z] = fold(flat ? 1 : rows, device);
  const kernel: Kernel = {
    name: 'elementwise',
    source: fillTemplate(shaderSource('elementwise'), {
      aliases: body.aliases,
      inputs: body.inputs,
      outputs: outputs(results, body.reads.length + 1, type),
      struct: writer.struct,
      row,
      point,
    }),
    constants: { WORKGROUP: workgroup },
    dims: writer.words,
    grid: [Math.ceil(points / chunk), y, z],
  };
  return { kernel, reads: body.reads };
}

export type Combine = 'sum' | 'max';
const initial = (combine: Combine, dtype: DType): string =>
  combine === 'sum' ? '0' : dtype === 'f32' ? '-3.4028234e38' : '-2147483648';
const joined = (combine: Combine, a: string, b: string): string =>
  combine === 'sum' ? `${a} + ${b}` : `max(${a}, ${b})`;

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
  if (inner?.reduced && inner.extent >= 2 * lanes)
    return reduceRows(splitLong(dims), expression, results, combine, device);
  return { ...reduceColumns(dims, expression, results, combine, device), parts: 1 };
}

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
  const keptCount = product(kept.map((x) => x.extent));
  const outerCount = product(outer.map((x) => x.extent));
  const busy = device.family === 'simd' ? 8 : 1024;
  const parts = Math.min(outerCount, Math.max(1, Math.ceil(busy / keptCount)));
  const part = Math.ceil(outerCount / parts);
  const workgroup =
    device.family === 'simd' ? device.lanes : Math.min(256, 2 ** Math.ceil(Math.log2(Math.max(32, inner))));

  const writer = new DimsWriter();
  const body = new BodyWriter(expression, dims, vector, writer);
  writer.u32('kept', keptCount);
  writer.u32('outer', outerCount);
  writer.u32('inner', inner);
  writer.u32('part', part);
  const coordinate = (original: number): string => {
    const d = dims.findIndex((dim) => dim.original === original);
    return d === innermost ? 'i' : `c${d}`;
  };
  const start = lines(
    decode('kept', kept, writer),
    body.bases().replaceAll('var base', 'var start'),
    ...kept.map((x) => body.advance(x.d, x.name).replaceAll('base', 'start')),
    ...results.map((r, i) => `var acc${i} = ${r.dtype === 'f32' ? 'F' : 'I'}(${initial(combine, r.dtype)});`),
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
    ...results.map(({ step }, i) => `acc${i} = ${joined(combine, `acc${i}`, `v${step}`)};`),
  );
  const scalar = (value: string) =>
    vector
      ? joined(
          combine,
          `(${joined(combine, `${value}.x`, `${value}.y`)})`,
          `(${joined(combine, `${value}.z`, `${value}.w`)})`,
        )
      : value;
  // Integers keep their bits in the shared array of floats.
  const bits = (r: Result, value: string) => (r.dtype === 'f32' ? value : `bitcast<f32>(${value})`);
  const back = (r: Result, value: string) => (r.dtype === 'f32' ? value : `bitcast<i32>(${value})`);
  const foldFunction = (r: Result, i: number) =>
    lines(
      `fn fold${i}(value: ${r.dtype}, lane: u32) -> ${r.dtype} {`,
      `  shared_f[lane] = ${bits(r, 'value')};`,
      '  workgroupBarrier();',
      '  for (var half = WORKGROUP / 2; half > 0; half /= 2) {',
      `    if (lane < half) {`,
      `      shared_f[lane] = ${bits(r, `${joined(combine, back(r, 'shared_f[lane]'), back(r, 'shared_f[lane + half]'))}`)};`,
      '    }',
      '    workgroupBarrier();',
      '  }',
      `  let total = ${back(r, 'shared_f[0]')};`,
      '  workgroupBarrier();',
      '  return total;',
      '}',
    );
  const finish = results
    .map((_, i) =>
      lines(
        `let total${i} = fold${i}(${scalar(`acc${i}`)}, lane.x);`,
        `if (lane.x == 0) { out${i}[place] = total${i}; }`,
      ),
    )
    .join('\n');
  const [x, y] = fold(keptCount, device);
  const kernel = {
    name: 'reduce_rows',
    source: fillTemplate(shaderSource('reduce_rows'), {
      aliases: body.aliases,
      inputs: body.inputs,
      outputs: outputs(results, body.reads.length + 1, (r) => r.dtype),
      fold: results.map(foldFunction).join('\n'),
      start,
      row,
      point,
      finish,
      struct: writer.struct,
    }),
    constants: { WORKGROUP: workgroup },
    dims: writer.words,
    grid: [x, y, parts] as const,
  };
  return { kernel, reads: body.reads, parts };
}

/** One invocation per kept position; see shaders/reduce_columns.wgsl. */
function reduceColumns(
  dims: readonly LoopDim[],
  expression: Expression,
  results: readonly Result[],
  combine: Combine,
  device: Capabilities,
): LoopKernel {
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
  const keptCount = product(kept.map((x) => x.extent));
  const workgroup = device.family === 'simd' ? device.lanes : 64;

  const writer = new DimsWriter();
  const body = new BodyWriter(expression, dims, vector, writer);
  writer.u32('kept', keptCount);
  const coordinate = (original: number): string => `c${dims.findIndex((dim) => dim.original === original)}`;
  const leaves = expression.leaves.map((_, i) => i);
  const setup = lines(
    decode('place', kept, writer),
    body.bases(),
    ...kept.filter((x) => x.d !== innermost).map((x) => body.advance(x.d, x.name)),
    ...results.map((r, i) => `var acc${i} = ${r.dtype === 'f32' ? 'F' : 'I'}(${initial(combine, r.dtype)});`),
  );
  // Bases of the enclosing loop are saved so that every loop starts where its parent stands.
  const open = reduced
    .map((x) =>
      lines(
        ...leaves.map((i) => `let before${x.d}_${i} = base${i};`),
        `for (var ${x.name} = 0u; ${x.name} < ${writer.u32(`count${x.d}`, x.extent)}; ${x.name}++) {`,
        ...leaves.map((i) => `base${i} = before${x.d}_${i};`),
        x.d === innermost ? '' : body.advance(x.d, x.name),
      ),
    )
    .join('\n');
  const point = lines(
    body.hoisted(),
    body.loads(dims.length === 0 ? '0u' : `c${innermost}`),
    body.steps(coordinate),
    ...results.map(({ step }, i) => `acc${i} = ${joined(combine, `acc${i}`, `v${step}`)};`),
  );
  const close = reduced.map(() => '}').join('\n');
  const store = results.map((_, i) => `out${i}[place] = acc${i};`).join('\n');
  const [x, y] = fold(Math.ceil(keptCount / workgroup), device);
  const kernel: Kernel = {
    name: 'reduce_columns',
    source: fillTemplate(shaderSource('reduce_columns'), {
      aliases: body.aliases,
      inputs: body.inputs,
      outputs: outputs(results, body.reads.length + 1, (r) => (vector ? `vec4<${r.dtype}>` : r.dtype)),
      body: lines(setup, open, point, close, store),
      struct: writer.struct,
    }),
    constants: { WORKGROUP: workgroup },
    dims: writer.words,
    grid: [x, y, 1],
  };
  return { kernel, reads: body.reads };
}

/** How many buffers a loop over `shape` reduced over `axes` binds for reading. */
export function bindingCount(
  shape: readonly number[],
  axes: readonly number[],
  expression: Expression,
): number {
  const dims = loopDims(shape, axes, expression);
  return new BodyWriter(expression, dims, vectorises(dims, expression), new DimsWriter()).reads.length;
}
