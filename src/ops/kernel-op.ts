import type { Lowering, Op, RowRule } from '../graph/op.ts';
import type { Tensor } from '../graph/tensor.ts';

/**
 * An op that only exists after differentiation, when a public op has been replaced by what suits the device.
 * It therefore has neither a derivative nor a batched form of its own; the public op has.
 * @param rows the inputs that go along with parts of the result; undefined where the kernel must have everything whole
 */
export const kernelOp = (
  name: string,
  rows: RowRule | undefined,
  kernel: (Lowering & { kind: 'kernel' })['kernel'],
): Op => {
  const refuse = (what: string) => (node: Tensor) => {
    throw new Error(`${name}: made for a device after differentiation, cannot be ${what} (${node})`);
  };
  return {
    name,
    vjp: refuse('differentiated'),
    lowering: { kind: 'kernel', kernel, batch: refuse('batched'), rows },
  };
};
