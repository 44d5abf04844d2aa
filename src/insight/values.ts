import { evaluate } from '../compile/index.ts';
import type { Tensor } from '../graph/index.ts';

/** The numbers of scalars that are on the device, which are then freed. */
export async function read(computed: readonly Tensor[]): Promise<number[]> {
  try {
    return await Promise.all(computed.map((t) => t.item()));
  } finally {
    for (const t of computed) t.dispose();
  }
}

/** The numbers of scalars, computed together. */
export const scalars = async (tensors: readonly Tensor[]): Promise<number[]> => read(await evaluate(tensors));
