/** Textures that repeat: woven, knitted, laid, punched, rolled and printed. */
import { fract, latticeHash, mix, smoothstep, valueNoise } from './noise.ts';
import { between, noiseSeed, paint, pickColour, type Rgb, type SurfaceMaker } from './surface.ts';

/** Plain weave: warp and weft pass over each other in turn, like a chessboard. */
export const wovenFabric: SurfaceMaker = (random) => {
  const threads = between(random, 5.2, 6.8);
  const warp = pickColour(random, [
    [0.72, 0.66, 0.55],
    [0.35, 0.45, 0.6],
    [0.6, 0.35, 0.3],
    [0.5, 0.55, 0.45],
  ]);
  const weft = warp.map((c) => c * between(random, 0.72, 0.85)) as Rgb;
  const gap: Rgb = [0.12, 0.11, 0.1];
  const seed = noiseSeed(random);
  return {
    pitch: 2 / threads,
    bare: [0.14, 0.13, 0.12],
    colour: (x, y, out) => {
      const ix = Math.floor(x * threads);
      const iy = Math.floor(y * threads);
      const fx = x * threads - ix - 0.5;
      const fy = y * threads - iy - 0.5;
      const warpOver = ((ix + iy) & 1) === 0;
      const across = warpOver ? fx : fy;
      const along = warpOver ? fy : fx;
      const light = Math.cos(Math.PI * across) ** 0.5 * mix(1.1, 0.75, 4 * along * along);
      const fibre = 0.9 + 0.2 * valueNoise(x * threads * 6, y * threads * 6, seed);
      const yarn = 0.93 + 0.14 * latticeHash(warpOver ? ix : 0, warpOver ? 0 : iy, seed);
      paint(out, gap, warpOver ? warp : weft, smoothstep(0.1, 0.6, light), light * fibre * yarn);
    },
  };
};

/** Stocking stitch: columns of V-shaped loops. */
export const knit: SurfaceMaker = (random) => {
  const columns = between(random, 3.7, 4.4);
  const rows = columns * between(random, 1.25, 1.45);
  const yarn = pickColour(random, [
    [0.75, 0.3, 0.28],
    [0.3, 0.42, 0.62],
    [0.78, 0.74, 0.66],
    [0.38, 0.52, 0.4],
  ]);
  const gap = yarn.map((c) => c * 0.25) as Rgb;
  const slope = between(random, 0.9, 1.15);
  const seed = noiseSeed(random);
  return {
    pitch: 1 / columns,
    bare: [0.1, 0.1, 0.11],
    colour: (x, y, out) => {
      const side = Math.abs(fract(x * columns) - 0.5);
      const height = fract(y * rows + side * slope * 2) - 0.5;
      const loop =
        Math.cos(Math.PI * height) * (1 - smoothstep(0.34, 0.5, side)) * smoothstep(-0.02, 0.1, side);
      const fibre = 0.88 + 0.24 * valueNoise(x * columns * 7, y * rows * 5, seed);
      paint(out, gap, yarn, smoothstep(0.1, 0.75, loop), fibre * (0.85 + 0.25 * loop));
    },
  };
};

/** Glazed tiles in mortar. */
export const tiles: SurfaceMaker = (random) => {
  const count = between(random, 3, 3.8);
  const glaze = pickColour(random, [
    [0.8, 0.78, 0.72],
    [0.45, 0.6, 0.66],
    [0.66, 0.42, 0.32],
    [0.5, 0.58, 0.5],
  ]);
  const grout = pickColour(random, [
    [0.35, 0.34, 0.33],
    [0.24, 0.24, 0.25],
  ]);
  const half = between(random, 0.055, 0.08);
  const seed = noiseSeed(random);
  return {
    pitch: 1 / count,
    bare: grout,
    colour: (x, y, out) => {
      const ix = Math.floor(x * count);
      const iy = Math.floor(y * count);
      const fx = x * count - ix;
      const fy = y * count - iy;
      const edge = Math.min(fx, fy, 1 - fx, 1 - fy);
      const inside = smoothstep(half * 0.7, half * 1.1, edge);
      // Light from the upper left: one pair of edges is lit, the other in shade.
      const bevel = 1 - smoothstep(half, half + 0.07, edge);
      const lit = Math.min(fx, fy) < Math.min(1 - fx, 1 - fy) ? 0.1 : -0.12;
      const tint = 0.93 + 0.14 * latticeHash(ix, iy, seed);
      const grain = 0.96 + 0.08 * valueNoise(x * 22, y * 22, seed + 1);
      paint(out, grout, glaze, inside, mix(1, tint, inside) * grain * (1 + lit * bevel * inside));
    },
  };
};

/** Sheet metal with staggered round holes. */
export const perforatedSheet: SurfaceMaker = (random) => {
  const pitch = between(random, 0.19, 0.23);
  const radius = between(random, 0.29, 0.34);
  const sheet = pickColour(random, [
    [0.66, 0.68, 0.7],
    [0.7, 0.66, 0.58],
    [0.52, 0.56, 0.6],
  ]);
  const hole: Rgb = [0.08, 0.08, 0.1];
  const seed = noiseSeed(random);
  return {
    pitch,
    bare: sheet,
    colour: (x, y, out) => {
      const row = Math.floor(y / pitch);
      const dx = fract(x / pitch + (row & 1) * 0.5) - 0.5;
      const dy = y / pitch - row - 0.5;
      const d = Math.hypot(dx, dy);
      const rim = 1 - smoothstep(0.03, 0.11, Math.abs(d - radius - 0.05));
      // The far side of a punched rim catches the light, the near side does not.
      const light =
        (0.94 + 0.12 * valueNoise(x * 5, y * 30, seed)) * (1 + 0.22 * rim * ((dx + dy) / (d + 1e-6)));
      paint(out, hole, sheet, smoothstep(radius - 0.05, radius + 0.05, d), light);
    },
  };
};

/** Chequer plate: raised lozenges that alternate between the two diagonals. */
export const diamondPlate: SurfaceMaker = (random) => {
  const pitch = between(random, 0.21, 0.26);
  const steel = pickColour(random, [
    [0.55, 0.57, 0.6],
    [0.6, 0.57, 0.52],
    [0.45, 0.48, 0.52],
  ]);
  const ridge = steel.map((c) => Math.min(1, c * 1.45)) as Rgb;
  const seed = noiseSeed(random);
  return {
    pitch: 2 * pitch,
    bare: steel,
    colour: (x, y, out) => {
      const ix = Math.floor(x / pitch);
      const iy = Math.floor(y / pitch);
      const fx = x / pitch - ix - 0.5;
      const fy = y / pitch - iy - 0.5;
      const turned = ((ix + iy) & 1) === 0;
      const along = (turned ? fx + fy : fx - fy) * Math.SQRT1_2;
      const across = (turned ? fx - fy : fx + fy) * Math.SQRT1_2;
      const shape = Math.hypot(along / 0.5, across / 0.17);
      const raised = 1 - smoothstep(0.75, 1.05, shape);
      const shade = across > 0 ? 1 - smoothstep(0, 0.3, Math.abs(shape - 1.1)) : 0;
      const light = 0.92 + 0.16 * valueNoise(x * 26, y * 26, seed);
      paint(out, steel, ridge, raised, light * (1 - 0.45 * shade));
    },
  };
};

/** Hexagonal wire mesh before a dark ground. */
export const hexMesh: SurfaceMaker = (random) => {
  const pitch = between(random, 0.24, 0.29);
  const wire = pickColour(random, [
    [0.75, 0.76, 0.78],
    [0.72, 0.6, 0.4],
    [0.55, 0.66, 0.58],
  ]);
  const ground = pickColour(
    random,
    [
      [0.16, 0.17, 0.19],
      [0.2, 0.17, 0.15],
    ],
    0.03,
  );
  const width = between(random, 0.1, 0.13);
  const tall = Math.sqrt(3);
  const seed = noiseSeed(random);
  return {
    pitch,
    bare: ground,
    colour: (x, y, out) => {
      const px = x / pitch;
      const py = y / pitch;
      // Hexagon centres form two interleaved 1 x sqrt(3) grids; take the nearer centre.
      const ax = px - Math.round(px);
      const ay = py - tall * Math.round(py / tall);
      const bx = px - 0.5 - Math.round(px - 0.5);
      const by = py - tall / 2 - tall * Math.round(py / tall - 0.5);
      const first = ax * ax + ay * ay < bx * bx + by * by;
      const hx = Math.abs(first ? ax : bx);
      const hy = Math.abs(first ? ay : by);
      const edge = 0.5 - Math.max(hx, hx * 0.5 + (hy * tall) / 2);
      const onWire = 1 - smoothstep(width * 0.7, width * 1.2, edge);
      const round = 1.15 - 0.35 * (edge / width) * onWire;
      paint(out, ground, wire, onWire, round * (0.94 + 0.12 * valueNoise(x * 20, y * 20, seed)));
    },
  };
};

/** Printed stripes, one broad and one narrow, on a plain ground. */
export const stripes: SurfaceMaker = (random) => {
  const count = between(random, 3.5, 4.5);
  const ground = pickColour(random, [
    [0.86, 0.84, 0.78],
    [0.8, 0.82, 0.86],
  ]);
  const broad = pickColour(random, [
    [0.2, 0.35, 0.6],
    [0.65, 0.22, 0.22],
    [0.2, 0.48, 0.36],
  ]);
  const narrow = pickColour(random, [
    [0.85, 0.6, 0.2],
    [0.35, 0.3, 0.35],
    [0.55, 0.3, 0.5],
  ]);
  const share = between(random, 0.3, 0.42);
  const seed = noiseSeed(random);
  return {
    pitch: 1 / count,
    bare: ground,
    colour: (x, y, out) => {
      const wobble = 0.03 * (valueNoise(x * 4, y * 6, seed) - 0.5);
      const t = fract(x * count + wobble);
      const inBroad = smoothstep(0.02, 0.06, t) * (1 - smoothstep(share, share + 0.04, t));
      const inNarrow = smoothstep(0.62, 0.66, t) * (1 - smoothstep(0.76, 0.8, t));
      const paper = 0.95 + 0.1 * valueNoise(x * 28, y * 28, seed + 1);
      paint(out, ground, inBroad > inNarrow ? broad : narrow, Math.max(inBroad, inNarrow), paper);
    },
  };
};
