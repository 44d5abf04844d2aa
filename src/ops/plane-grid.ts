import type { Capabilities } from '../device/capabilities.ts';
import { foldGrid } from '../device/grid.ts';

/** How a kernel over image planes is cut into workgroups: its constants and grid. */
export interface PlaneGrid {
  /** TX x TY invocations, a tile of pixels; EACH planes one after another. */
  readonly constants: { readonly TX: number; readonly TY: number; readonly EACH: number };
  readonly grid: [number, number, number];
}

/** Tiles that a workgroup of a processor computes at least, where planes are small: starting one costs as much as a few. */
const FEWEST_TILES = 32;
/** Workgroups that keep the cores of a processor busy. */
const BUSY = 16;

/**
 * Workgroups for planes of `width` x `height` invocations. A tile's sides are powers of two; it is one subgroup on a processor,
 * where wider workgroups only add loops, and 64 invocations on a GPU.
 */
export function planeGrid(planes: number, height: number, width: number, device: Capabilities): PlaneGrid {
  const processor = device.family === 'simd';
  const invocations = processor ? device.lanes : 64;
  let TX = 1;
  while (TX < invocations && TX < width) TX *= 2;
  const TY = invocations / TX;
  const tiles = Math.ceil(width / TX) * Math.ceil(height / TY);
  const wanted = Math.min(Math.ceil(FEWEST_TILES / tiles), Math.floor(planes / BUSY));
  const EACH = processor ? Math.max(1, wanted) : 1;
  return { constants: { TX, TY, EACH }, grid: [...foldGrid(Math.ceil(planes / EACH), device.maxGrid), 1] };
}
