/*
 * Constants of kernels that the best choice of differs from adapter to adapter. Plain data and part of the capabilities, so
 * that a plan depends on nothing else; `medetection tune` finds them by trying.
 */

/**
 * How a kernel for GPUs cuts a matrix product (shaders/product_tiled.wgsl): a workgroup computes m x n entries, k terms
 * at a time; an invocation 4*rows x 4*columns of them.
 */
export interface Tile {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly rows: number;
  readonly columns: number;
}

/** Tiles by the smaller extent of the result: up to 32, up to 64, or more. */
export interface Tiles {
  readonly upTo32: Tile;
  readonly upTo64: Tile;
  readonly above: Tile;
}

/** See each kernel's shader for what a number means. */
export interface Tuning {
  /** Kernels for processors. */
  readonly simd: {
    /** Rows of pixels that a lane of a convolution of whole vectors computes at a time. */
    readonly convolutionRows: number;
    /**
     * Multiply-adds that a loop body of other convolutions unrolls into, at most; with the loads beside them, more than 1024 do not
     * stay in 32 KiB of instructions.
     */
    readonly loopBody: number;
    /** Most rows of a matrix product per lane. */
    readonly matmulRows: number;
    /** Workgroups that a weight gradient is split into, at least. */
    readonly weightGradWorkgroups: number;
  };
  /** Kernels for GPUs. */
  readonly tiled: {
    readonly forward: Tiles;
    readonly inputGrad: Tiles;
    readonly weightGrad: Tiles;
    readonly matmul: Tiles;
    /** Instead of one of the others where that gives fewer than `fill` workgroups. */
    readonly few: Tile;
    readonly fill: number;
    /** Workgroups that a weight gradient is split into, at least. */
    readonly weightGradWorkgroups: number;
  };
}

/** A tile, by its numbers in order. */
export const tile = (m: number, n: number, k: number, rows: number, columns: number): Tile => ({
  m,
  n,
  k,
  rows,
  columns,
});

const wide: Tiles = {
  upTo32: tile(32, 128, 8, 2, 2),
  upTo64: tile(64, 128, 8, 2, 2),
  above: tile(128, 128, 8, 2, 2),
};

/** What serves where nothing was tuned. */
export const defaultTuning: Tuning = {
  simd: { convolutionRows: 2, loopBody: 1024, matmulRows: 32, weightGradWorkgroups: 32 },
  tiled: {
    forward: wide,
    inputGrad: wide,
    // More columns than this would cost a register each for where they lie.
    weightGrad: { upTo32: tile(32, 64, 8, 1, 2), upTo64: tile(64, 64, 8, 2, 2), above: wide.above },
    matmul: wide,
    few: tile(32, 32, 16, 1, 1),
    fill: 128,
    weightGradWorkgroups: 512,
  },
};

/** Workgroup size of a tile. */
const tileThreads = ({ m, n, rows, columns }: Tile): number => (m * n) / (16 * rows * columns);

/**
 * Whether a kernel can be made of a tile on a device: slots of four are dealt out evenly to the invocations, whole lines
 * of them at a time.
 */
export function tileFits(
  tile: Tile,
  device: { readonly maxWorkgroupStorage: number; readonly maxInvocations: number },
): boolean {
  const { m, n, k, rows, columns } = tile;
  const threads = tileThreads(tile);
  const [slotsA, slotsB] = [m / 4, n / 4];
  const whole = (a: number, b: number) => Number.isInteger(a / b);
  return (
    whole(slotsA, rows) &&
    whole(slotsB, columns) &&
    [k, slotsA, slotsB].every((length) => whole(threads, length)) &&
    whole(k * slotsA, threads) &&
    whole(k * slotsB, threads) &&
    threads <= device.maxInvocations &&
    16 * k * (slotsA + 1 + slotsB + 1) <= device.maxWorkgroupStorage
  );
}

/**
 * A tuning from JSON, or undefined unless it has exactly the entries of one, all positive integers, and tiles that serve
 * on every device of WebGPU's default limits.
 */
export function parseTuning(value: unknown): Tuning | undefined {
  const limits = { maxWorkgroupStorage: 16384, maxInvocations: 256 };
  const like = (given: unknown, wanted: object): boolean => {
    if (typeof given !== 'object' || given === null) return false;
    const entries = Object.entries(wanted);
    if (Object.keys(given).length !== entries.length) return false;
    const same = entries.every(([name, entry]) => {
      const own: unknown = (given as Record<string, unknown>)[name];
      return typeof entry === 'number' ? Number.isSafeInteger(own) && (own as number) > 0 : like(own, entry);
    });
    return same && (!('columns' in wanted) || tileFits(given as Tile, limits));
  };
  return like(value, defaultTuning) ? (value as Tuning) : undefined;
}
