import { expand } from '../../src/device/expand.ts';
import { u32 } from '../../src/device/index.ts';
import { defaultTuning } from '../../src/device/tuning.ts';
import { pixelTile, rowGroups, splitOf } from '../../src/ops/conv2d-simd-tiles.ts';
import { type Case, ceilDiv, type Entry, folded, type Numbers, noise, sampledError } from './case.ts';

/** The convolutions of MeDetection (width 32, 64x64 images), then larger maps. */
const SHAPES = [
  'n=40,c=3,h=64,w=64,o=32',
  'n=40,c=32,h=32,w=32,o=32',
  'n=20,c=32,h=16,w=16,o=32',
  'n=20,c=32,h=8,w=8,o=32',
  'n=20,c=32,h=4,w=4,o=32',
  'n=20,c=32,h=2,w=2,o=32',
  'n=8,c=32,h=64,w=64,o=32',
  'n=1,c=32,h=256,w=256,o=32',
  'n=2,c=64,h=64,w=64,o=64',
];
/** The maps of a 4Conv on images of 28 px. */
const NARROW_SHAPES = ['n=75,c=64,h=14,w=14,o=64', 'n=75,c=64,h=7,w=7,o=64', 'n=75,c=64,h=3,w=3,o=64'];
/** 3x3, stride 1, padding 1, width a multiple of 4. */
const ALIGNED_SHAPES = SHAPES.filter((shape) => !shape.includes('w=2,'));

const ALIGNED_CHECKS = [
  'n=1,c=1,h=1,w=4,o=4',
  'n=2,c=3,h=5,w=8,o=8',
  'n=3,c=7,h=2,w=12,o=12',
  'n=2,c=17,h=33,w=36,o=20',
  'n=1,c=70,h=6,w=12,o=9',
  'n=5,c=4,h=12,w=72,o=8',
];
const STRIDE_1_CHECKS = [
  ...ALIGNED_CHECKS,
  'n=1,c=1,h=1,w=1,o=1',
  'n=2,c=3,h=5,w=7,o=5',
  'n=3,c=2,h=9,w=5,o=9,pad=0',
  'n=2,c=1,h=6,w=13,o=3,pad=2',
  'n=3,c=17,h=3,w=2,o=11',
  'n=5,c=8,h=33,w=35,o=8',
  'n=2,c=9,h=12,w=70,o=10',
  'n=1,c=65,h=5,w=3,o=9',
  'n=2,c=5,h=11,w=10,o=9,kh=1,kw=1,pad=0',
  'n=2,c=3,h=9,w=11,o=5,kh=5,kw=5,pad=2',
  'n=2,c=3,h=6,w=8,o=5,kh=5,kw=5,pad=2',
  'n=2,c=5,h=3,w=8,o=9,kh=1,kw=1,pad=0',
];
const ALL_CHECKS = [
  ...STRIDE_1_CHECKS,
  'n=2,c=3,h=9,w=8,o=4,stride=2',
  'n=1,c=2,h=12,w=12,o=3,kh=5,kw=2,stride=3,pad=2',
];
const gradients = (shapes: readonly string[]): string[] => shapes.map((shape) => `${shape},gradient=1`);

/** Batch, channels, height and width of x, filters, kernel; parts of a weight gradient (0: enough for all cores). */
const EXTENTS: Numbers = { n: 1, c: 1, h: 1, w: 1, o: 1, kh: 3, kw: 3, stride: 1, pad: 1, parts: 0 };
/** With `gradient=1`, the forward kernels compute the gradient by the input of the convolution that is described. */
const EXTENTS_BOTH: Numbers = { ...EXTENTS, gradient: 0 };

/** Extents with those of the output. */
type Extents = Numbers & Readonly<Record<'n' | 'c' | 'h' | 'w' | 'o' | 'oh' | 'ow' | 'kh' | 'kw', number>>;

const complete = (shape: Numbers): Extents => {
  const out = (size: number, kernel: number) =>
    Math.floor((size + 2 * shape.pad - kernel) / shape.stride) + 1;
  return { ...shape, oh: out(shape.h, shape.kh), ow: out(shape.w, shape.kw) } as Extents;
};

const flops = (e: Extents): number => 2 * e.n * e.o * e.oh * e.ow * e.c * e.kh * e.kw;
const words = (numbers: readonly number[]) => numbers.map(u32);
const portableDims = (e: Extents): number[] => [e.n, e.c, e.h, e.w, e.o, e.oh, e.ow, e.kh, e.kw, e.pad];

/** Row-major index -> coordinates. */
const coordinates = (index: number, shape: readonly number[]): number[] => {
  const result = new Array<number>(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    result[axis] = index % shape[axis];
    index = Math.floor(index / shape[axis]);
  }
  return result;
};

/** What is computed: inputs, output size and the float64 reference. */
type Problem = Omit<Case, 'kernel'>;

const images = (e: Extents): Float32Array => noise(e.n * e.c * e.h * e.w, 1);
const filters = (e: Extents): Float32Array => noise(e.o * e.c * e.kh * e.kw, 2);
const cotangent = (e: Extents): Float32Array => noise(e.n * e.o * e.oh * e.ow, 3);

const forward = (e: Extents): Problem => {
  const [x, w] = [images(e), filters(e)];
  const reference = (index: number): number => {
    const [n, o, i, j] = coordinates(index, [e.n, e.o, e.oh, e.ow]);
    let sum = 0;
    for (let c = 0; c < e.c; c++) {
      for (let u = 0; u < e.kh; u++) {
        const row = i * e.stride + u - e.pad;
        if (row < 0 || row >= e.h) continue;
        for (let v = 0; v < e.kw; v++) {
          const column = j * e.stride + v - e.pad;
          if (column < 0 || column >= e.w) continue;
          sum += x[((n * e.c + c) * e.h + row) * e.w + column] * w[((o * e.c + c) * e.kh + u) * e.kw + v];
        }
      }
    }
    return sum;
  };
  return {
    inputs: [x, w],
    outputLength: e.n * e.o * e.oh * e.ow,
    flops: flops(e),
    error: (y) => sampledError(y, reference, e.c * e.kh * e.kw),
  };
};

const inputGradient = (e: Extents): Problem => {
  const [gy, w] = [cotangent(e), filters(e)];
  const reference = (index: number): number => {
    const [n, c, row, column] = coordinates(index, [e.n, e.c, e.h, e.w]);
    let sum = 0;
    for (let u = 0; u < e.kh; u++) {
      const i = (row + e.pad - u) / e.stride;
      if (!Number.isInteger(i) || i < 0 || i >= e.oh) continue;
      for (let v = 0; v < e.kw; v++) {
        const j = (column + e.pad - v) / e.stride;
        if (!Number.isInteger(j) || j < 0 || j >= e.ow) continue;
        for (let o = 0; o < e.o; o++) {
          sum += gy[((n * e.o + o) * e.oh + i) * e.ow + j] * w[((o * e.c + c) * e.kh + u) * e.kw + v];
        }
      }
    }
    return sum;
  };
  return {
    inputs: [gy, w],
    outputLength: e.n * e.c * e.h * e.w,
    flops: flops(e),
    error: (gx) => sampledError(gx, reference, e.o * e.kh * e.kw),
  };
};

/** The kernel's output is `parts` partial sums, which are added here. */
const weightGradient = (e: Extents, parts: number): Problem => {
  const [x, gy] = [images(e), cotangent(e)];
  const length = e.o * e.c * e.kh * e.kw;
  const reference = (index: number): number => {
    const [o, c, u, v] = coordinates(index, [e.o, e.c, e.kh, e.kw]);
    let sum = 0;
    for (let n = 0; n < e.n; n++) {
      for (let i = 0; i < e.oh; i++) {
        const row = i * e.stride + u - e.pad;
        if (row < 0 || row >= e.h) continue;
        for (let j = 0; j < e.ow; j++) {
          const column = j * e.stride + v - e.pad;
          if (column < 0 || column >= e.w) continue;
          sum += x[((n * e.c + c) * e.h + row) * e.w + column] * gy[((n * e.o + o) * e.oh + i) * e.ow + j];
        }
      }
    }
    return sum;
  };
  return {
    inputs: [x, gy],
    outputLength: parts * length,
    flops: flops(e),
    error: (output) => {
      const sum = new Float64Array(length);
      for (let k = 0; k < output.length; k++) sum[k % length] += output[k];
      return sampledError(sum, reference, e.n * e.oh * e.ow);
    },
  };
};

export const conv2d: Entry = {
  extents: EXTENTS,
  constants: { WORKGROUP: 64 },
  shapes: SHAPES,
  checks: ALL_CHECKS,
  make: (source, shape, { WORKGROUP }) => {
    const e = complete(shape);
    const grid = [...folded(ceilDiv(e.n * e.oh * e.ow, 4 * WORKGROUP)), ceilDiv(e.o, 8)] as const;
    const constants = { WORKGROUP, STRIDE: e.stride };
    return {
      kernel: { name: 'conv2d', source, constants, dims: words(portableDims(e)), grid },
      ...forward(e),
    };
  },
};

export const conv2dInputGrad: Entry = {
  extents: EXTENTS,
  constants: { WORKGROUP: 64 },
  shapes: SHAPES,
  checks: ALL_CHECKS,
  make: (source, shape, { WORKGROUP }) => {
    const e = complete(shape);
    const grid = [...folded(ceilDiv(e.n * e.h * e.w, 4 * WORKGROUP)), ceilDiv(e.c, 8)] as const;
    const constants = { WORKGROUP, STRIDE: e.stride };
    const dims = words(portableDims(e));
    return { kernel: { name: 'conv2d_input_grad', source, constants, dims, grid }, ...inputGradient(e) };
  },
};

export const conv2dWeightGrad: Entry = {
  extents: EXTENTS,
  constants: { WORKGROUP: 64 },
  shapes: SHAPES,
  checks: ALL_CHECKS,
  make: (source, shape, { WORKGROUP }) => {
    const e = complete(shape);
    const tiles = [ceilDiv(e.c * e.kh * e.kw, 4 * WORKGROUP), ceilDiv(e.o, 8)] as const;
    const parts = e.parts || Math.min(e.n, ceilDiv(32, tiles[0] * tiles[1]));
    const constants = { WORKGROUP, STRIDE: e.stride };
    const dims = words([...portableDims(e), parts]);
    return {
      kernel: { name: 'conv2d_weight_grad', source, constants, dims, grid: [...tiles, parts] },
      ...weightGradient(e, parts),
    };
  },
};

/** Weights [O,C,KH,KW] -> [C,KH,KW,P], P = O rounded up to a multiple of 4: what the SIMD kernels read. */
const pack = (e: Extents, w: Float32Array): Float32Array => {
  const taps = e.c * e.kh * e.kw;
  const p = ceilDiv(e.o, 4) * 4;
  return Float32Array.from({ length: taps * p }, (_, k) =>
    k % p < e.o ? w[(k % p) * taps + Math.floor(k / p)] : 0,
  );
};

/** Weights of `e` as those of the convolution that is its gradient by the input: [C,O,KH,KW], taps reversed. */
const turned = (e: Extents, w: Float32Array): Float32Array => {
  const taps = e.kh * e.kw;
  return w.map((_, k) => {
    const [c, o, tap] = coordinates(k, [e.c, e.o, taps]);
    return w[(o * e.c + c) * taps + taps - 1 - tap];
  });
};

/** The convolution to run, and what it must give: `shape` itself or its gradient by the input. */
const either = (shape: Numbers): { e: Extents; problem: Problem } => {
  const given = complete(shape);
  if (!shape.gradient) {
    const problem = forward(given);
    return { e: given, problem: { ...problem, inputs: [problem.inputs[0], pack(given, problem.inputs[1])] } };
  }
  if (given.stride !== 1) throw new Error('the gradient by the input is a convolution only for stride 1');
  const e = complete({
    ...shape,
    c: given.o,
    h: given.oh,
    w: given.ow,
    o: given.c,
    pad: given.kh - 1 - given.pad,
  });
  const problem = inputGradient(given);
  const [gy, w] = problem.inputs;
  return { e, problem: { ...problem, inputs: [gy, pack(e, turned(given, w))] } };
};

export const conv2dSimd: Entry = {
  extents: EXTENTS_BOTH,
  constants: { LANES: 8, ROWS: 2 },
  shapes: ALIGNED_SHAPES,
  checks: [...ALIGNED_CHECKS, ...gradients(ALIGNED_CHECKS)],
  make: (source, shape, { LANES, ROWS }) => {
    const { e, problem } = either(shape);
    const EDGES = LANES % (e.w / 4) === 0 ? 0 : 1;
    return {
      kernel: {
        name: 'conv2d_simd',
        source: expand(source, { LANES, ROWS, EDGES, SPLIT: splitOf(e.c) }),
        constants: {},
        dims: words([e.n, e.c, e.h, e.w, e.o]),
        grid: [...folded(ceilDiv(e.n * ceilDiv(e.h, ROWS) * (e.w / 4), LANES)), ceilDiv(e.o, 8)],
      },
      ...problem,
    };
  },
};

/** Pixels loaded at a time: as many as rows of all these widths are made of. */
const spanOf = (...widths: number[]): number =>
  [4, 2].find((span) => widths.every((w) => w % span === 0)) ?? 1;

/** The tile is the compiler's, except for the constants that are given. */
export const conv2dSimdPixels: Entry = {
  extents: EXTENTS_BOTH,
  constants: { LANES: 8, GROUPS: 0, ROWS: 0, COLUMNS: 0, SPAN: 0 },
  shapes: [...SHAPES, ...NARROW_SHAPES],
  checks: [...STRIDE_1_CHECKS, ...gradients(STRIDE_1_CHECKS)],
  make: (source, shape, { LANES, ...given }) => {
    const { e, problem } = either(shape);
    const tile = pixelTile(e, LANES, defaultTuning.simd.loopBody);
    const GROUPS = given.GROUPS || tile.groups;
    const ROWS = given.ROWS || tile.rows;
    const COLUMNS = given.COLUMNS || tile.columns;
    const WHOLE = Number(COLUMNS === e.ow);
    const [W, SPAN] = WHOLE ? [e.w, given.SPAN || spanOf(e.w)] : [0, 1];
    const [KH, KW, PAD, SPLIT] = [e.kh, e.kw, e.pad, splitOf(e.c)];
    const constants = { LANES, GROUPS, ROWS, COLUMNS, KH, KW, PAD, WHOLE, W, SPAN, SPLIT };
    return {
      kernel: {
        name: 'conv2d_simd_pixels',
        source: expand(source, constants),
        constants: {},
        dims: words([e.n, e.c, e.h, e.w, e.o, e.oh, e.ow]),
        grid: [...folded(e.n * ceilDiv(e.oh, ROWS) * ceilDiv(e.ow, COLUMNS)), ceilDiv(e.o, GROUPS * LANES)],
      },
      ...problem,
    };
  },
};

/** Narrow maps only: whole rows are unrolled. */
export const conv2dWeightGradSimdRows: Entry = {
  extents: EXTENTS,
  constants: { LANES: 8, GROUPS: 0, SPAN: 0 },
  shapes: NARROW_SHAPES,
  checks: STRIDE_1_CHECKS.filter((shape) => !/w=(3|7)\d/.test(shape)),
  make: (source, shape, { LANES, ...given }) => {
    const e = complete(shape);
    const GROUPS = given.GROUPS || rowGroups(e, e.c, LANES, defaultTuning.simd.loopBody) || 1;
    const SPAN = given.SPAN || spanOf(e.w, e.ow);
    const tiles = [ceilDiv(e.c, LANES), ceilDiv(e.o, GROUPS * LANES)] as const;
    const parts = e.parts || Math.min(e.n, ceilDiv(32, tiles[0] * tiles[1]));
    const constants = { LANES, GROUPS, KH: e.kh, KW: e.kw, PAD: e.pad, W: e.w, OW: e.ow, SPAN };
    return {
      kernel: {
        name: 'conv2d_weight_grad_simd_rows',
        source: expand(source, constants),
        constants: {},
        dims: words([e.n, e.c, e.h, e.o, e.oh, parts]),
        grid: [...tiles, parts],
      },
      ...weightGradient(e, parts),
    };
  },
};

export const conv2dWeightGradSimd: Entry = {
  extents: EXTENTS,
  constants: { LANES: 8, ROWS: 2, GROUPS: 2, CHANNELS: 4 },
  shapes: SHAPES,
  checks: [...STRIDE_1_CHECKS, 'n=2,c=5,h=7,w=12,o=19', 'n=3,c=2,h=4,w=8,o=1,parts=5'],
  make: (source, shape, constants) => {
    const e = complete(shape);
    const { LANES, ROWS, GROUPS, CHANNELS } = constants;
    const ALIGNED = Number(e.w % 4 === 0 && e.ow % 4 === 0);
    const SHIFT = (4 - (e.pad % 4)) % 4;
    const tiles = [ceilDiv(e.c, CHANNELS), ceilDiv(e.o, GROUPS * LANES)] as const;
    const parts = e.parts || Math.min(e.n * ceilDiv(e.oh, ROWS), ceilDiv(32, tiles[0] * tiles[1]));
    return {
      kernel: {
        name: 'conv2d_weight_grad_simd',
        source: expand(source, { ...constants, KH: e.kh, KW: e.kw, ALIGNED, SHIFT }),
        constants: {},
        dims: words([e.n, e.c, e.h, e.w, e.o, e.oh, e.ow, e.pad, parts]),
        grid: [...tiles, parts],
      },
      ...weightGradient(e, parts),
    };
  },
};
