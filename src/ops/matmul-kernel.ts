import type { Capabilities } from '../device/capabilities.ts';
import { foldGrid } from '../device/grid.ts';
import { type Kernel, u32 } from '../device/kernel.ts';
import { shaderSource, unrolledSource } from '../device/shader.ts';
import type { Tensor } from '../graph/tensor.ts';
import { productKernel, servesTiled, tileFor } from './product-tiled.ts';

/** Which operands are read transposed. */
export interface MatmulAttrs {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

interface Product {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly attrs: MatmulAttrs;
}

/** C[b] = op(A[b]) op(B[b]), by the kernel that suits the device and the extents. */
export function matmulKernel(node: Tensor, device: Capabilities): Kernel {
  const [a, b] = node.inputs;
  const attrs = node.attrs as unknown as MatmulAttrs;
  const [batch, m, n] = node.shape;
  const product = { a, b, batch, m, n, k: a.shape[attrs.transposeA ? 1 : 2], attrs };
  return simdKernel(product, device) ?? tiledKernel(product, device) ?? portableKernel(product, device);
}

const flopsOf = ({ batch, m, n, k }: Product): number => 2 * batch * m * n * k;

/** One workgroup per tile of C. */
const gridOf = (
  { batch, m, n }: Product,
  columns: number,
  rows: number,
  { maxGrid }: Capabilities,
): [number, number, number] => [
  ...foldGrid(Math.ceil(n / columns) * Math.ceil(m / rows) * batch, maxGrid),
  1,
];

/** Rows of B broadcast from lanes; reads vectors of four, so the extents along memory must be whole ones. */
function simdKernel(product: Product, device: Capabilities): Kernel | undefined {
  const { a, b, batch, m, n, k, attrs } = product;
  if (device.family !== 'simd' || !device.subgroups) return undefined;
  const { transposeA, transposeB } = attrs;
  // K lies along memory unless A is given by columns and B by rows.
  const kAlong = !transposeA || transposeB;
  const whole = (!kAlong || k % 4 === 0) && (!transposeA || m % 4 === 0) && (transposeB || n % 4 === 0);
  if (!whole) return undefined;
  const rows = Math.min(device.tuning.simd.matmulRows, 4 * Math.ceil(m / 4));
  const constants = {
    LANES: device.lanes,
    ROWS: rows,
    QUADS: 1,
    A_TRANSPOSED: Number(transposeA),
    B_TRANSPOSED: Number(transposeB),
    REST: Number(k % 4 !== 0),
  };
  const each = (t: Tensor) => (t.shape[0] === 1 ? 0 : (t.shape[1] * t.shape[2]) / 4);
  return {
    name: 'matmul_simd',
    source: unrolledSource('matmul_simd', constants),
    constants: {},
    flops: flopsOf(product),
    dims: [batch, m, n, k, each(a), (transposeA ? m : k) / 4, each(b), (transposeB ? k : n) / 4].map(u32),
    grid: gridOf(product, 4 * device.lanes, rows, device),
  };
}

/** Strides (batch, row, column) of a stack [batch or 1, rows, columns] read as it is or transposed. */
function strides(t: Tensor, transposed: boolean): number[] {
  const [batch, rows, columns] = t.shape;
  const each = batch === 1 ? 0 : rows * columns;
  return transposed ? [each, 1, columns] : [each, columns, 1];
}

/** Tiles in the workgroup memory of GPUs. */
function tiledKernel(product: Product, device: Capabilities): Kernel | undefined {
  if (!servesTiled(device)) return undefined;
  const { a, b, batch, m, n, k, attrs } = product;
  const extents = { batches: batch, m, n, k, row: n };
  return productKernel(
    {
      name: 'matmul_tiled',
      constants: { LEFT_ALONG_K: Number(!attrs.transposeA), RIGHT_ALONG_K: Number(attrs.transposeB) },
      dims: [...strides(a, attrs.transposeA), ...strides(b, attrs.transposeB)],
      flops: flopsOf(product),
    },
    extents,
    tileFor(extents, device.tuning.tiled.matmul, device),
    device,
  );
}

const TILE = 8;
/** Rows and columns per invocation. */
const REGISTERS = 4;

function portableKernel(product: Product, device: Capabilities): Kernel {
  const { a, b, batch, m, n, k, attrs } = product;
  return {
    name: 'matmul',
    source: shaderSource('matmul'),
    constants: { TILE },
    flops: flopsOf(product),
    dims: [batch, m, n, k, ...strides(a, attrs.transposeA), ...strides(b, attrs.transposeB)].map(u32),
    grid: gridOf(product, REGISTERS * TILE, REGISTERS * TILE, device),
  };
}
