import type { Lowering, Op } from '../graph/op.ts';

/**
 * An op that only exists after differentiation, when a public op has been replaced by what suits the device.
 * It therefore has no derivative of its own; the public op has.
 */
export const kernelOp = (name: string, kernel: (Lowering & { kind: 'kernel' })['kernel']): Op => ({
  name,
  vjp: (node) => {
    throw new Error(`${name}: made for a device after differentiation, cannot be differentiated (${node})`);
  },
  lowering: { kind: 'kernel', kernel },
});
