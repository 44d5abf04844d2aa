import type { Capabilities } from '../device/capabilities.ts';
import { foldGrid } from '../device/grid.ts';
import { type Kernel, u32 } from '../device/kernel.ts';
import { type ShaderName, unrolledSource } from '../device/shader.ts';
import { type Tile, type Tiles, tileFits } from '../device/tuning.ts';

/* Kernels for GPUs: matrix products by tiles in workgroup memory, of operands that each problem's own shader reads. */

/** Extents of products y[batches,m,n] over k terms. */
export interface Extents {
  readonly batches: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Elements of y from one m to the next. */
  readonly row: number;
}

/** What a problem's shader needs besides. */
export interface Problem {
  readonly name: ShaderName;
  readonly constants: Readonly<Record<string, number>>;
  /** Entries of `dims` after the extents. */
  readonly dims: readonly number[];
  readonly flops: number;
}

/** Whether these kernels serve on a device. */
export const servesTiled = ({ family, tuning, ...limits }: Capabilities): boolean => {
  if (family !== 'tiled') return false;
  const { forward, inputGrad, weightGrad, matmul, few } = tuning.tiled;
  const tiles = [forward, inputGrad, weightGrad, matmul].flatMap((t) => [t.upTo32, t.upTo64, t.above]);
  return [...tiles, few].every((tile) => tileFits(tile, limits));
};

/** Tiles that cover the result of one product. */
export const tilesOf = ({ m, n }: Pick<Extents, 'm' | 'n'>, tile: Tile): number =>
  Math.ceil(m / tile.m) * Math.ceil(n / tile.n);

/** The tile of this size class, turned where the result is higher than wide. */
export function tileBySize({ m, n }: Pick<Extents, 'm' | 'n'>, tiles: Tiles): Tile {
  const least = Math.min(m, n);
  const tile = least <= 32 ? tiles.upTo32 : least <= 64 ? tiles.upTo64 : tiles.above;
  if (m <= n) return tile;
  return { m: tile.n, n: tile.m, k: tile.k, rows: tile.columns, columns: tile.rows };
}

/** The tile of this size class, or a small one where too few would be left to fill the device. */
export function tileFor(extents: Extents, tiles: Tiles, { tuning }: Capabilities): Tile {
  const { few, fill } = tuning.tiled;
  const tile = tileBySize(extents, tiles);
  return extents.batches * tilesOf(extents, tile) < fill ? few : tile;
}

export function productKernel(
  { name, constants, dims, flops }: Problem,
  extents: Extents,
  tile: Tile,
  { maxGrid }: Capabilities,
): Kernel {
  const { batches, m, n, k, row } = extents;
  const TILE = {
    TILE_M: tile.m,
    TILE_N: tile.n,
    TILE_K: tile.k,
    ROWS: tile.rows,
    COLUMNS: tile.columns,
  };
  return {
    name,
    source: unrolledSource([name, 'product_tiled'], { ...constants, ...TILE }),
    constants: {},
    dims: [batches, m, n, k, row, ...dims].map(u32),
    flops,
    grid: [...foldGrid(batches * tilesOf(extents, tile), maxGrid), 1],
  };
}
