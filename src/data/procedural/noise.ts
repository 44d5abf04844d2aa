/** Seeded noise over the plane: each value depends on the seed and the place only, so any part of a texture can be drawn alone. */

export const mix = (a: number, b: number, t: number): number => a + (b - a) * t;
export const clamp01 = (t: number): number => Math.max(0, Math.min(1, t));
export const fract = (t: number): number => t - Math.floor(t);
/** 0 below `from`, 1 above `to`, a smooth cubic between. */
export const smoothstep = (from: number, to: number, t: number): number => {
  const s = clamp01((t - from) / (to - from));
  return s * s * (3 - 2 * s);
};

/** A number in [0, 1) for a lattice point; the multiplications and shifts are those of MurmurHash3's finaliser. */
export const latticeHash = (ix: number, iy: number, seed: number): number => {
  let h = Math.imul(ix, 0x27d4eb2d) ^ Math.imul(iy, 0x165667b1) ^ seed;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
};

/** Value noise in [0, 1): random at the lattice points, smooth between; features are about one unit wide. */
export const valueNoise = (x: number, y: number, seed: number): number => {
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  const fx = x - ix;
  const fy = y - iy;
  const sx = fx * fx * (3 - 2 * fx);
  const sy = fy * fy * (3 - 2 * fy);
  return mix(
    mix(latticeHash(ix, iy, seed), latticeHash(ix + 1, iy, seed), sx),
    mix(latticeHash(ix, iy + 1, seed), latticeHash(ix + 1, iy + 1, seed), sx),
    sy,
  );
};

/** Fractal noise in [0, 1): octaves of value noise, each twice as fine and half as strong as the one before. */
export const fractalNoise = (x: number, y: number, seed: number, octaves: number): number => {
  let sum = 0;
  let weight = 0;
  for (let k = 0, scale = 1; k < octaves; k++, scale *= 2) {
    sum += valueNoise(x * scale, y * scale, seed + k * 1013) / scale;
    weight += 1 / scale;
  }
  return sum / weight;
};

/** Where a point lies among randomly scattered seeds, one per unit cell (Worley 1996). */
export interface CellPoint {
  /** Distance to the nearest seed. */
  nearest: number;
  /** Distance to the second nearest; the difference is small at the border between two cells. */
  second: number;
  /** A number in [0, 1) that belongs to the nearest seed. */
  id: number;
}

/** Fills `out` and returns it; `jitter` in [0, 1] moves the seeds from a square grid (0) to anywhere in their cells (1). */
export const cellNoise = (x: number, y: number, seed: number, jitter: number, out: CellPoint): CellPoint => {
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  let nearest = Number.POSITIVE_INFINITY;
  let second = Number.POSITIVE_INFINITY;
  for (let cy = iy - 1; cy <= iy + 1; cy++) {
    for (let cx = ix - 1; cx <= ix + 1; cx++) {
      const dx = cx + 0.5 + (latticeHash(cx, cy, seed) - 0.5) * jitter - x;
      const dy = cy + 0.5 + (latticeHash(cx, cy, seed + 7919) - 0.5) * jitter - y;
      const d = dx * dx + dy * dy;
      if (d < nearest) {
        second = nearest;
        nearest = d;
        out.id = latticeHash(cx, cy, seed + 104729);
      } else if (d < second) second = d;
    }
  }
  out.nearest = Math.sqrt(nearest);
  out.second = Math.sqrt(second);
  return out;
};
