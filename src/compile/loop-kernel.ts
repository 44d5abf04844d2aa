import type { Capabilities } from '../device/capabilities.ts';
import { fillTemplate } from '../device/fill-template.ts';
import { foldGrid } from '../device/grid.ts';
import type { Kernel } from '../device/kernel.ts';
import { shaderSource } from '../device/shader.ts';
import type { DType, Tensor } from '../graph/tensor.ts';
import { loopDims, vectorises } from './domain.ts';
import type { Expression } from './expression.ts';
import { BodyWriter, DimsWriter } from './wgsl.ts';

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

export const product = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1);
export const extents = (dims: readonly { readonly extent: number }[]): number[] => dims.map((d) => d.extent);

/** `let c0 = ...; let c1 = ...;`: the coordinates of a row-major index over these dimensions, innermost last. */
export function decode(
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

/** Declarations of outputs from a binding on. */
export const outputs = (results: readonly Result[], first: number, type: (r: Result) => string): string =>
  results
    .map((r, i) => `@group(0) @binding(${first + i}) var<storage, read_write> out${i}: array<${type(r)}>;`)
    .join('\n');

/** Text line by line, empty parts left out. */
export const lines = (...parts: readonly string[]): string => parts.filter((p) => p !== '').join('\n');

/** Workgroups that keep the cores of a processor busy. */
const BUSY = 8;

/**
 * Computes every result at every point of `shape` and stores it there.
 * @param inPlace values that it reads, each where the result of this number is stored then
 */
export function elementwiseKernel(
  shape: readonly number[],
  expression: Expression,
  results: readonly Result[],
  device: Capabilities,
  inPlace: ReadonlyMap<Tensor, number> = new Map(),
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

  // On a processor a workgroup costs about a microsecond, so it takes several short rows, while enough are left for all cores.
  const atOnce = Math.floor(
    Math.min(perWorkgroup / (workgroup * Math.ceil(points / workgroup)), rows / BUSY),
  );
  const rowsEach = flat || device.family !== 'simd' ? 1 : Math.max(1, atOnce);

  const writer = new DimsWriter();
  const bound = new Map([...inPlace].map(([t, result]) => [t, `out${result}`]));
  const body = new BodyWriter(expression, dims, vector, writer, bound);
  writer.u32('rows', flat ? 1 : rows);
  writer.u32('rows_each', rowsEach);
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
  const [y, z] = foldGrid(flat ? 1 : Math.ceil(rows / rowsEach), device.maxGrid);
  const kernel: Kernel = {
    name: 'elementwise',
    source: fillTemplate(shaderSource('elementwise'), {
      aliases: body.aliases,
      inputs: body.inputs,
      outputs: outputs(results, body.reads.length + 1, type),
      functions: body.functions,
      struct: writer.struct,
      row,
      point,
    }),
    constants: { WORKGROUP: workgroup },
    dims: writer.words,
    flops: product(shape) * expression.operations,
    grid: [Math.ceil(points / chunk), y, z],
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
