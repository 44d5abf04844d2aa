import type { Capabilities } from '../device/capabilities.ts';

/**
 * Workgroups numbered y * columns + x, over two grid dimensions where one is too short. The last numbers may be past
 * `count`: shaders check.
 */
export function foldGrid(count: number, maxGrid: number): [columns: number, rows: number] {
  const rows = Math.ceil(count / maxGrid);
  return [Math.ceil(count / rows), rows];
}

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
