import type { Capabilities } from '../device/capabilities.ts';
import { foldGrid } from '../device/grid.ts';

/** One workgroup per image plane. */
export const planeGrid = (planes: number, { maxGrid }: Capabilities): [number, number, number] => [
  ...foldGrid(planes, maxGrid),
  1,
];

/**
 * The workgroup's tile of pixels, TX wide and TY high, for planes of this width: powers of two whose product is one
 * subgroup on a CPU, where wider workgroups only add loops, and 64 invocations on a GPU.
 */
export function tileFor(width: number, device: Capabilities): { TX: number; TY: number } {
  const invocations = device.family === 'simd' ? device.lanes : 64;
  let TX = 1;
  while (TX < invocations && TX < width) TX *= 2;
  return { TX, TY: invocations / TX };
}
