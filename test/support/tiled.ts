import { defaultTuning, type Tile, type Tuning } from '../../src/device/tuning.ts';

/** A tuning of one tile for everything. */
export function onlyTile(tile: Tile): Tuning {
  const all = { upTo32: tile, upTo64: tile, above: tile };
  const tiles = { forward: all, inputGrad: all, weightGrad: all, matmul: all, few: tile };
  return { ...defaultTuning, tiled: { ...tiles, fill: 1, weightGradWorkgroups: 9 } };
}

/**
 * Capabilities of a GPU that a processor can pose as: every device with workgroup memory runs a GPU's kernels. The tile is small:
 * small problems then have edges and several workgroups, and a processor compiles it soon.
 */
export const posing = {
  family: 'tiled',
  lanes: 32,
  subgroups: false,
  tuning: onlyTile({ m: 16, n: 16, k: 4, rows: 1, columns: 1 }),
} as const;
