import { resolveAxis, showShape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { add } from './elementwise.ts';
import { pad } from './movement.ts';

/**
 * Joins tensors along an axis. Written as a sum of padded parts, which the compiler reads part by part: so it needs
 * neither a kernel nor a derivative of its own.
 * @throws when types or the other axes differ.
 */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  if (parts.length === 0) throw new Error('concat: needs at least one tensor');
  const a = resolveAxis('concat', axis, parts[0].shape);
  if (parts.some((p) => p.dtype !== parts[0].dtype))
    throw new Error(
      `concat: parts ${parts.map((p) => `${p.dtype}${showShape(p.shape)}`).join(', ')} differ in type; convert with toFloat() or toInt()`,
    );
  for (const part of parts)
    if (part.rank !== parts[0].rank || part.shape.some((n, d) => d !== a && n !== parts[0].shape[d]))
      throw new Error(
        `concat: shapes ${parts.map((p) => showShape(p.shape)).join(', ')} differ off axis ${a}`,
      );
  const total = parts.reduce((n, p) => n + p.shape[a], 0);
  let start = 0;
  return parts
    .map((part) => {
      const before = part.shape.map((_, d) => (d === a ? start : 0));
      const after = part.shape.map((n, d) => (d === a ? total - start - n : 0));
      start += part.shape[a];
      return pad(part, before, after);
    })
    .reduce(add);
}
