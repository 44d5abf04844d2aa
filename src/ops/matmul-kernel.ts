import { type Kernel, u32 } from '../device/kernel.ts';
import { shaderSource } from '../device/shader.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { MatmulAttrs } from './matmul.ts';

const TILE = 8;
/** Rows and columns per invocation. */
const REGISTERS = 4;

/** Strides (batch, row, column) of a stack [batch or 1, rows, columns] read as it is or transposed. */
function strides(t: Tensor, transposed: boolean): number[] {
  const [batch, rows, columns] = t.shape;
  const each = batch === 1 ? 0 : rows * columns;
  return transposed ? [each, 1, columns] : [each, columns, 1];
}

export function matmulKernel(node: Tensor): Kernel {
  const [a, b] = node.inputs;
  const { transposeA, transposeB } = node.attrs as unknown as MatmulAttrs;
  const [batch, m, n] = node.shape;
  const k = a.shape[transposeA ? 1 : 2];
  return {
    name: 'matmul',
    source: shaderSource('matmul'),
    constants: { TILE },
    dims: [m, n, k, ...strides(a, transposeA), ...strides(b, transposeB)].map(u32),
    grid: [Math.ceil(n / (REGISTERS * TILE)), Math.ceil(m / (REGISTERS * TILE)), batch],
  };
}
