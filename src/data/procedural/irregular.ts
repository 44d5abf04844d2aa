/** Textures that never repeat: grown, cast, brushed and tanned. */
import {
  type CellPoint,
  cellNoise,
  fractalNoise,
  latticeHash,
  mix,
  smoothstep,
  valueNoise,
} from './noise.ts';
import { between, noiseSeed, paint, pickColour, type Rgb, type SurfaceMaker } from './surface.ts';

/** Metal brushed along x: fine lines of differing lightness and length. */
export const brushedMetal: SurfaceMaker = (random) => {
  const metal = pickColour(random, [
    [0.62, 0.64, 0.67],
    [0.68, 0.66, 0.63],
    [0.5, 0.52, 0.55],
  ]);
  const bright = metal.map((c) => Math.min(1, c * 1.35)) as Rgb;
  const dark = metal.map((c) => c * 0.6) as Rgb;
  const fine = between(random, 26, 34);
  const seed = noiseSeed(random);
  return {
    pitch: 1 / fine,
    bare: metal,
    colour: (x, y, out) => {
      const line =
        0.45 * valueNoise(x * 1.5, y * fine, seed) +
        0.35 * valueNoise(x * 3, y * fine * 0.45, seed + 1) +
        0.2 * valueNoise(x * 9, y * fine * 1.6, seed + 2);
      paint(out, dark, bright, smoothstep(0.15, 0.85, line), 1);
    },
  };
};

/** Sawn wood with its grain along y: wavy year rings and fine fibres. */
export const wood: SurfaceMaker = (random) => {
  const early = pickColour(random, [
    [0.8, 0.62, 0.42],
    [0.72, 0.52, 0.34],
    [0.84, 0.72, 0.54],
  ]);
  const late = early.map((c, k) => c * [0.62, 0.52, 0.45][k]) as Rgb;
  const rings = between(random, 5, 7);
  const seed = noiseSeed(random);
  return {
    pitch: 1 / rings,
    bare: early,
    colour: (x, y, out) => {
      const bend = 0.9 * fractalNoise(x * 1.3, y * 0.9, seed, 2);
      const t = x * rings + bend * 2.2;
      const ring = t - Math.floor(t);
      const width = 0.3 + 0.3 * latticeHash(Math.floor(t), 0, seed + 3);
      // Late wood darkens slowly and ends at once.
      const darkness = smoothstep(1 - width - 0.35, 0.92, ring) * (1 - smoothstep(0.93, 1, ring));
      const fibre = 0.88 + 0.24 * valueNoise(x * 34, y * 3, seed + 2);
      paint(out, early, late, darkness, fibre);
    },
  };
};

/** Cast concrete: cloudy grey, sand grains and pores. */
export const concrete: SurfaceMaker = (random) => {
  const light = pickColour(random, [
    [0.68, 0.67, 0.64],
    [0.6, 0.61, 0.62],
    [0.7, 0.65, 0.58],
  ]);
  const dark = light.map((c) => c * 0.68) as Rgb;
  const pores = between(random, 7, 9);
  const seed = noiseSeed(random);
  const cell: CellPoint = { nearest: 0, second: 0, id: 0 };
  return {
    pitch: 1 / pores,
    bare: light,
    colour: (x, y, out) => {
      const cloud = fractalNoise(x * 3.5, y * 3.5, seed, 4);
      const sand = 0.86 + 0.28 * valueNoise(x * 30, y * 30, seed + 9);
      cellNoise(x * pores, y * pores, seed + 11, 1, cell);
      const size = cell.id > 0.6 ? 0.1 + 0.14 * cell.id : 0;
      const pore = size === 0 ? 0 : 1 - smoothstep(size * 0.6, size, cell.nearest);
      paint(out, dark, light, smoothstep(0.25, 0.75, cloud), sand * (1 - 0.45 * pore));
    },
  };
};

/** Grained leather: rounded cells between dark creases. */
export const leather: SurfaceMaker = (random) => {
  const hide = pickColour(random, [
    [0.56, 0.36, 0.22],
    [0.38, 0.25, 0.2],
    [0.6, 0.5, 0.4],
    [0.42, 0.22, 0.2],
  ]);
  const crease = hide.map((c) => c * 0.4) as Rgb;
  const cells = between(random, 6, 7.5);
  const seed = noiseSeed(random);
  const cell: CellPoint = { nearest: 0, second: 0, id: 0 };
  return {
    pitch: 1 / cells,
    bare: hide.map((c) => Math.min(1, c * 1.35 + 0.08)) as Rgb,
    colour: (x, y, out) => {
      const wx = x + 0.05 * (valueNoise(x * 6, y * 6, seed) - 0.5);
      const wy = y + 0.05 * (valueNoise(x * 6, y * 6, seed + 1) - 0.5);
      cellNoise(wx * cells, wy * cells, seed + 2, 0.9, cell);
      const raised = smoothstep(0.02, 0.3, cell.second - cell.nearest);
      const light = mix(1.2, 0.9, cell.nearest) * (0.93 + 0.14 * cell.id);
      paint(out, crease, hide, raised, light * (0.94 + 0.12 * valueNoise(x * 40, y * 40, seed + 3)));
    },
  };
};

/** Terrazzo: stone chips of several colours in a plain binder. */
export const terrazzo: SurfaceMaker = (random) => {
  const binder = pickColour(random, [
    [0.78, 0.76, 0.72],
    [0.55, 0.55, 0.53],
    [0.72, 0.66, 0.6],
  ]);
  const chips: Rgb[] = [
    pickColour(random, [
      [0.35, 0.33, 0.32],
      [0.3, 0.34, 0.38],
    ]),
    pickColour(random, [
      [0.66, 0.44, 0.36],
      [0.5, 0.56, 0.46],
    ]),
    pickColour(random, [
      [0.9, 0.88, 0.84],
      [0.84, 0.78, 0.68],
    ]),
  ];
  const cells = between(random, 5.5, 7);
  const seed = noiseSeed(random);
  const cell: CellPoint = { nearest: 0, second: 0, id: 0 };
  return {
    pitch: 1 / cells,
    bare: binder,
    colour: (x, y, out) => {
      cellNoise(x * cells, y * cells, seed, 0.95, cell);
      const chip = chips[Math.floor(cell.id * chips.length)];
      const inChip = smoothstep(0.12, 0.2, cell.second - cell.nearest - 0.12 * fract7(cell.id));
      paint(out, binder, chip, inChip, 0.95 + 0.1 * valueNoise(x * 30, y * 30, seed + 5));
    },
  };
};

/** A second number in [0, 1) from the first, so that a chip's size does not follow its colour. */
const fract7 = (id: number): number => {
  const t = id * 97;
  return t - Math.floor(t);
};
