import { vjp } from '../autodiff/index.ts';
import type { Capabilities, Tile, Tiles, Tuning } from '../device/index.ts';
import { tile, tileFits } from '../device/tuning.ts';
import type { Tensor } from '../graph/index.ts';
import { conv2d, matmul } from '../ops/index.ts';

/** One part of a tuning: what it may be, and problems on which it shows. */
export interface Search {
  readonly name: string;
  readonly problems: readonly Problem[];
  readonly values: readonly Value[];
}

export interface Problem {
  readonly shape: string;
  /** What is computed, of operands of any numbers. */
  readonly make: (operand: Operand) => Tensor;
}

/** Gives a tensor of this shape. */
export type Operand = (...shape: number[]) => Tensor;

export interface Value {
  readonly label: string;
  /** Gives a tuning this value. */
  readonly set: (tuning: Tuning) => Tuning;
}

interface Convolution {
  readonly images: number;
  readonly channels: number;
  readonly side: number;
}

const forward = (x: Tensor, w: Tensor): Tensor => conv2d(x, w, { padding: 1 });

/** The convolution's vector-Jacobian products: nothing but its gradients is then computed. */
const faces = {
  forward: (x: Tensor, w: Tensor) => forward(x, w),
  inputGrad: (x: Tensor, w: Tensor, u: Tensor) => vjp([forward(x, w)], [x], [u])[0],
  weightGrad: (x: Tensor, w: Tensor, u: Tensor) => vjp([forward(x, w)], [w], [u])[0],
} as const;
type Face = keyof typeof faces;
const named: Readonly<Record<Face, string>> = {
  forward: 'convolution',
  inputGrad: 'input gradient',
  weightGrad: 'weight gradient',
};

/** A 3x3 convolution that keeps the channels, or one of its gradients. */
const convolution = (face: Face, { images, channels, side }: Convolution): Problem => ({
  shape: `${images}x${channels}x${side}x${side}`,
  make: (operand) => {
    const [x, w] = [operand(images, channels, side, side), operand(channels, channels, 3, 3)];
    return faces[face](x, w, face === 'forward' ? x : operand(...x.shape));
  },
});

const product = (m: number, n: number, k: number): Problem => ({
  shape: `${m}x${n}x${k}`,
  make: (operand) => matmul(operand(m, k), operand(k, n)),
});

const simd = (
  name: string,
  entry: keyof Tuning['simd'],
  values: number[],
  ...problems: Problem[]
): Search => ({
  name,
  problems,
  values: values.map((value) => ({
    label: String(value),
    set: (tuning) => ({ ...tuning, simd: { ...tuning.simd, [entry]: value } }),
  })),
});

/** Of MeDetection: width 32, batches of 20, the image's side halved again and again. */
const small: Convolution = { images: 20, channels: 32, side: 8 };
const usual: Convolution = { images: 20, channels: 32, side: 32 };

const simdSearches: readonly Search[] = [
  simd(
    'convolution: rows of a lane',
    'convolutionRows',
    [1, 2, 3, 4],
    convolution('forward', small),
    convolution('forward', usual),
  ),
  simd(
    'narrow convolution: multiply-adds of a loop body',
    'loopBody',
    [512, 768, 1024, 1536],
    convolution('forward', { ...small, side: 4 }),
    convolution('forward', { ...small, side: 15 }),
  ),
  simd(
    'weight gradient: workgroups',
    'weightGradWorkgroups',
    [8, 16, 32, 64],
    convolution('weightGrad', small),
    convolution('weightGrad', usual),
  ),
  simd('matmul: most rows of a lane', 'matmulRows', [8, 16, 24, 32], product(512, 512, 512)),
];

/** Tiles worth trying, by size class. */
const candidates: Readonly<Record<keyof Tiles, readonly Tile[]>> = {
  upTo32: [
    tile(32, 128, 8, 2, 2),
    tile(32, 64, 8, 1, 2),
    tile(32, 64, 16, 1, 2),
    tile(32, 128, 16, 1, 2),
    tile(32, 32, 16, 1, 1),
  ],
  upTo64: [
    tile(64, 128, 8, 2, 2),
    tile(64, 64, 8, 2, 2),
    tile(64, 64, 16, 2, 2),
    tile(64, 64, 8, 1, 2),
    tile(64, 128, 16, 2, 2),
    tile(32, 128, 8, 2, 2),
  ],
  above: [
    tile(128, 128, 8, 2, 2),
    tile(64, 128, 8, 2, 2),
    tile(64, 128, 16, 2, 2),
    tile(128, 64, 8, 2, 2),
    tile(64, 64, 8, 2, 2),
  ],
};

const tileLabel = ({ m, n, k, rows, columns }: Tile): string => `${m}x${n}x${k}, ${4 * rows}x${4 * columns}`;

const tiled = <K extends keyof Tuning['tiled']>(
  entry: K,
  label: string,
  change: (value: Tuning['tiled'][K]) => Tuning['tiled'][K],
): Value => ({
  label,
  set: (tuning) => ({ ...tuning, tiled: { ...tuning.tiled, [entry]: change(tuning.tiled[entry]) } }),
});

const classes: readonly [keyof Tiles, string, Convolution, Problem][] = [
  ['upTo32', 'up to 32', { images: 20, channels: 32, side: 64 }, product(32, 16384, 512)],
  ['upTo64', 'up to 64', { images: 20, channels: 64, side: 64 }, product(64, 16384, 512)],
  ['above', 'above 64', { images: 20, channels: 128, side: 32 }, product(1024, 1024, 1024)],
];

function tiledSearches(device: Capabilities): readonly Search[] {
  const tilesFor = (entry: Face | 'matmul', size: keyof Tiles): Value[] =>
    candidates[size]
      .filter((t) => tileFits(t, device))
      .map((t) => tiled(entry, tileLabel(t), (tiles) => ({ ...tiles, [size]: t })));
  const numbers = (entry: 'fill' | 'weightGradWorkgroups', values: number[]): Value[] =>
    values.map((value) => tiled(entry, String(value), () => value));
  return [
    ...(Object.keys(faces) as Face[]).flatMap((face) =>
      classes.map(([size, words, shape]) => ({
        name: `${named[face]}, ${words}: tile`,
        problems: [convolution(face, shape)],
        values: tilesFor(face, size),
      })),
    ),
    ...classes.map(([size, words, , shape]) => ({
      name: `matmul, ${words}: tile`,
      problems: [shape],
      values: tilesFor('matmul', size),
    })),
    {
      name: 'fewest workgroups of a large tile',
      problems: [8, 16, 32].map((side) => convolution('forward', { ...usual, side })),
      values: numbers('fill', [1, 32, 64, 128, 256, 512]),
    },
    {
      name: 'weight gradient: workgroups',
      problems: [small, usual].map((shape) => convolution('weightGrad', shape)),
      values: numbers('weightGradWorkgroups', [128, 256, 512, 1024, 2048]),
    },
  ];
}

/** What there is to find for a device. */
export const searchesFor = (device: Capabilities): readonly Search[] =>
  device.family === 'simd' ? simdSearches : tiledSearches(device);
