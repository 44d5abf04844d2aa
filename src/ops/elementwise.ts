import type { Op } from '../graph/op.ts';
import { broadcastShapes, showShape } from '../graph/shape.ts';
import { full } from '../graph/source.ts';
import { type DType, Tensor } from '../graph/tensor.ts';
import { broadcastTo } from './broadcast.ts';

/** A tensor, or a number that stands for a constant of the other operand's type and shape. */
export type Operand = Tensor | number;

/**
 * One function of scalars: its WGSL expression (valid for scalars and vectors alike, `F` and `I` being the types in
 * force), its value in float64 for reference, and its vector-Jacobian product with y the function's own value.
 */
interface ScalarFunction {
  readonly wgsl: (...args: string[]) => string;
  readonly f64: (...args: number[]) => number;
  readonly vjp: (g: Tensor, y: Tensor, ...inputs: Tensor[]) => readonly (Tensor | null)[];
  /** Type of the result where it is not that of the inputs. */
  readonly result?: DType;
  /** The second operand that leaves the first unchanged. */
  readonly neutral?: number;
  readonly commutative?: boolean;
  /** Costs much more than a multiplication. */
  readonly costly?: boolean;
}

const none = () => [null, null, null];
const bool = (expression: string) => `select(I(0), I(1), ${expression})`;
/**
 * WGSL's own min, max, clamp, sign, exp and log may lose a NaN; with this around them it stays. `a != a` would not do:
 * it is false for NaN on some adapters.
 */
const keepNaN = (a: string, otherwise: string) => `select(${a}, ${otherwise}, ${a} == ${a})`;

/** Every elementwise function of the framework. */
export const scalarFunctions = {
  add: {
    wgsl: (a, b) => `(${a} + ${b})`,
    f64: (a, b) => a + b,
    vjp: (g) => [g, g],
    neutral: 0,
    commutative: true,
  },
  sub: { wgsl: (a, b) => `(${a} - ${b})`, f64: (a, b) => a - b, vjp: (g) => [g, neg(g)], neutral: 0 },
  mul: {
    wgsl: (a, b) => `(${a} * ${b})`,
    f64: (a, b) => a * b,
    vjp: (g, _, a, b) => [mul(g, b), mul(g, a)],
    neutral: 1,
    commutative: true,
  },
  div: {
    wgsl: (a, b) => `(${a} / ${b})`,
    f64: (a, b) => a / b,
    vjp: (g, y, _a, b) => [div(g, b), neg(div(mul(g, y), b))],
    neutral: 1,
  },
  neg: { wgsl: (a) => `(-${a})`, f64: (a) => -a, vjp: (g) => [neg(g)] },
  square: { wgsl: (a) => `(${a} * ${a})`, f64: (a) => a * a, vjp: (g, _, a) => [mul(g, mul(a, 2))] },
  exp: { wgsl: (a) => keepNaN(a, `exp(${a})`), f64: Math.exp, vjp: (g, y) => [mul(g, y)], costly: true },
  log: { wgsl: (a) => keepNaN(a, `log(${a})`), f64: Math.log, vjp: (g, _, a) => [div(g, a)], costly: true },
  sqrt: { wgsl: (a) => `sqrt(${a})`, f64: Math.sqrt, vjp: (g, y) => [div(g, mul(y, 2))] },
  /** 1 / sqrt(a). */
  rsqrt: {
    wgsl: (a) => `inverseSqrt(${a})`,
    f64: (a) => 1 / Math.sqrt(a),
    vjp: (g, y, a) => [mul(g, div(mul(y, -0.5), a))],
  },
  sin: { wgsl: (a) => `sin(${a})`, f64: Math.sin, vjp: (g, _, a) => [mul(g, cos(a))], costly: true },
  cos: { wgsl: (a) => `cos(${a})`, f64: Math.cos, vjp: (g, _, a) => [neg(mul(g, sin(a)))], costly: true },
  /** tanh is flat in f32 beyond 15, where its exponentials would overflow. */
  tanh: {
    wgsl: (a) => keepNaN(a, `tanh(clamp(${a}, F(-15), F(15)))`),
    f64: Math.tanh,
    vjp: (g, y) => [mul(g, sub(1, square(y)))],
    costly: true,
  },
  /** 1 / (1 + e^-a), with the exponent kept negative. */
  sigmoid: {
    wgsl: (a) => `(select(exp(-abs(${a})), F(1), ${a} >= F(0)) / (F(1) + exp(-abs(${a}))))`,
    f64: (a) => 1 / (1 + Math.exp(-a)),
    vjp: (g, y) => [mul(g, mul(y, sub(1, y)))],
    costly: true,
  },
  /** log(1 + e^a), exact for large |a|; its derivative is the sigmoid. */
  softplus: {
    wgsl: (a) => keepNaN(a, `max(${a}, F(0)) + log1p(exp(-abs(${a})))`),
    f64: (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))),
    vjp: (g, _, a) => [mul(g, sigmoid(a))],
    costly: true,
  },
  /** Derivative 0 at the kink, as for `relu`. */
  abs: { wgsl: (a) => `abs(${a})`, f64: Math.abs, vjp: (g, _, a) => [mul(g, sign(a))] },
  sign: { wgsl: (a) => keepNaN(a, `sign(${a})`), f64: Math.sign, vjp: none },
  floor: { wgsl: (a) => `floor(${a})`, f64: Math.floor, vjp: none },
  relu: {
    wgsl: (a) => `select(${a}, F(0), ${a} <= F(0))`,
    f64: (a) => Math.max(a, 0),
    vjp: (g, _, a) => [where(greater(a, 0), g, 0)],
  },
  /** a^b for a > 0 (and a = 0 with b > 0); `pow` turns small integer exponents into products. */
  pow: {
    wgsl: (a, b) => `pow(${a}, ${b})`,
    f64: (a, b) => a ** b,
    vjp: (g, y, a, b) => [mul(g, mul(b, pow(a, sub(b, 1)))), mul(g, mul(y, log(a)))],
    costly: true,
  },
  /** Equal operands share the derivative. */
  maximum: {
    wgsl: (a, b) => keepNaN(a, `select(${b}, ${a}, ${a} > ${b})`),
    f64: Math.max,
    vjp: (g, _, a, b) => [shareOf(g, a, b), shareOf(g, b, a)],
  },
  minimum: {
    wgsl: (a, b) => keepNaN(a, `select(${b}, ${a}, ${a} < ${b})`),
    f64: Math.min,
    vjp: (g, _, a, b) => [shareOf(g, b, a), shareOf(g, a, b)],
  },
  greater: { wgsl: (a, b) => bool(`${a} > ${b}`), f64: (a, b) => +(a > b), vjp: none, result: 'i32' },
  equal: { wgsl: (a, b) => bool(`${a} == ${b}`), f64: (a, b) => +(a === b), vjp: none, result: 'i32' },
  toFloat: { wgsl: (a) => `F(${a})`, f64: (a) => a, vjp: none, result: 'f32' },
  toInt: { wgsl: (a) => `I(${a})`, f64: Math.trunc, vjp: none, result: 'i32' },
  /** Where the mask is not 0 the first value, else the second. What is not chosen does not matter, NaN included. */
  where: {
    wgsl: (mask, a, b) => `select(${b}, ${a}, ${mask} != I(0))`,
    f64: (mask, a, b) => (mask !== 0 ? a : b),
    vjp: (g, _, mask) => [null, where(mask, g, 0), where(mask, 0, g)],
  },
} satisfies Record<string, ScalarFunction>;

/** What reaches `high` of a derivative that goes to the greater of two: all, half in a tie, or nothing. */
const shareOf = (g: Tensor, high: Tensor, low: Tensor): Tensor =>
  where(equal(high, low), mul(g, 0.5), where(greater(high, low), g, 0));

const ops = Object.fromEntries(
  Object.entries(scalarFunctions as Record<string, ScalarFunction>).map(([name, f]) => [
    name,
    {
      name,
      vjp: (node, g) => f.vjp(g, node, ...node.inputs).slice(0, node.inputs.length),
      lowering: {
        kind: 'elementwise',
        wgsl: f.wgsl,
        neutral: f.neutral,
        commutative: f.commutative,
        costly: f.costly,
      },
    } satisfies Op,
  ]),
) as Record<string, Op> as Record<keyof typeof scalarFunctions, Op>;

type FunctionName = keyof typeof scalarFunctions;

/** Applies a function of the table to operands broadcast to one shape. */
function apply(name: FunctionName, operands: readonly Operand[]): Tensor {
  const tensors = operands.filter((x) => x instanceof Tensor);
  if (tensors.length === 0) throw new Error(`${name}: at least one operand must be a tensor`);
  const shape = tensors.map((t) => t.shape).reduce((a, b) => broadcastShapes(name, a, b));
  // The mask of `where` is always an integer; all other operands have one type.
  const values = name === 'where' ? operands.slice(1) : operands;
  const typed = values.filter((x) => x instanceof Tensor);
  const dtype = typed[0]?.dtype ?? 'f32';
  if (typed.some((t) => t.dtype !== dtype))
    throw new Error(
      `${name}: operands have types ${operands.map(describe).join(' and ')}; convert with toFloat() or toInt()`,
    );
  const fraction = values.find((x) => typeof x === 'number' && !Number.isInteger(x));
  if (dtype === 'i32' && fraction !== undefined)
    throw new Error(`${name}: number ${fraction} does not fit ${describe(typed[0])}; convert with toFloat()`);
  const inputs = operands.map((x) => (x instanceof Tensor ? broadcastTo(x, shape) : full(shape, x, dtype)));
  const f: ScalarFunction = scalarFunctions[name];
  return new Tensor(ops[name], inputs, {}, shape, f.result ?? dtype);
}

const describe = (x: Operand): string =>
  x instanceof Tensor ? `${x.dtype}${showShape(x.shape)}` : `number ${x}`;

/** Functions of real numbers take f32 tensors only. */
function real(name: FunctionName, operands: readonly Operand[]): Tensor {
  const bad = operands.find((x) => x instanceof Tensor && x.dtype !== 'f32');
  if (bad !== undefined)
    throw new Error(`${name}: takes f32 tensors, got ${describe(bad)}; convert with toFloat()`);
  return apply(name, operands);
}

/*
 * Functions of the table, applied element by element. Operands broadcast by NumPy's rule; all throw, naming themselves,
 * when shapes do not broadcast, types differ or a function of real numbers is given integers.
 */

/** a + b. */
export const add = (a: Operand, b: Operand): Tensor => apply('add', [a, b]);
/** a - b. */
export const sub = (a: Operand, b: Operand): Tensor => apply('sub', [a, b]);
/** a * b, element by element. */
export const mul = (a: Operand, b: Operand): Tensor => apply('mul', [a, b]);
/** a / b of f32 operands. */
export const div = (a: Operand, b: Operand): Tensor => real('div', [a, b]);
/** -a. */
export const neg = (a: Tensor): Tensor => apply('neg', [a]);
/** a^2. */
export const square = (a: Tensor): Tensor => apply('square', [a]);
/** e^a. */
export const exp = (a: Tensor): Tensor => real('exp', [a]);
/** Natural logarithm. */
export const log = (a: Tensor): Tensor => real('log', [a]);
/** Square root; its derivative is infinite at 0. */
export const sqrt = (a: Tensor): Tensor => real('sqrt', [a]);
/** 1 / sqrt(a). */
export const rsqrt = (a: Tensor): Tensor => real('rsqrt', [a]);
/** Sine of an angle in radians; WGSL promises an absolute error below 2^-11 for |a| <= pi. */
export const sin = (a: Tensor): Tensor => real('sin', [a]);
/** Cosine of an angle in radians; WGSL promises an absolute error below 2^-11 for |a| <= pi. */
export const cos = (a: Tensor): Tensor => real('cos', [a]);
/** Hyperbolic tangent. */
export const tanh = (a: Tensor): Tensor => real('tanh', [a]);
/** 1 / (1 + e^-a). */
export const sigmoid = (a: Tensor): Tensor => real('sigmoid', [a]);
/** log(1 + e^a). */
export const softplus = (a: Tensor): Tensor => real('softplus', [a]);
/** |a|, with derivative 0 at 0. */
export const abs = (a: Tensor): Tensor => apply('abs', [a]);
/** -1, 0 or 1, of a's type; its derivative is taken as 0. */
export const sign = (a: Tensor): Tensor => apply('sign', [a]);
/** The greatest integer not above a, as f32; its derivative is taken as 0. */
export const floor = (a: Tensor): Tensor => real('floor', [a]);
/** max(a, 0), with derivative 0 at 0. */
export const relu = (a: Tensor): Tensor => real('relu', [a]);
/** Integer exponents up to this magnitude become products. */
const LARGEST_PRODUCT = 8;

/** a^n for an integer n > 0. */
const product = (a: Tensor, n: number): Tensor =>
  n === 1 ? a : n % 2 === 1 ? mul(product(a, n - 1), a) : square(product(a, n / 2));

/**
 * a^b for a > 0, and for a = 0 with b > 0; for other a it has no value to rely on. But an exponent that is an integer
 * number from -8 to 8 is computed by products: then a may have any sign, and derivatives are right at 0 too.
 * @throws unless the operands are f32 and broadcast.
 */
export function pow(a: Operand, b: Operand): Tensor {
  const small = typeof b === 'number' && Number.isInteger(b) && Math.abs(b) <= LARGEST_PRODUCT;
  if (!(a instanceof Tensor) || a.dtype !== 'f32' || !small) return real('pow', [a, b]);
  if (b === 0) return full(a.shape, 1);
  return b > 0 ? product(a, b) : div(1, product(a, -b));
}
/** The greater operand; equal ones share the derivative. */
export const maximum = (a: Operand, b: Operand): Tensor => apply('maximum', [a, b]);
/** The smaller operand; equal ones share the derivative. */
export const minimum = (a: Operand, b: Operand): Tensor => apply('minimum', [a, b]);
/** min(max(a, low), high). */
export const clamp = (a: Tensor, low: Operand, high: Operand): Tensor => minimum(maximum(a, low), high);
/** Hard swish, x clamp(x + 3, 0, 6) / 6 (Howard et al. 2019, "Searching for MobileNetV3"). */
export const hardSwish = (x: Tensor): Tensor => mul(x, div(clamp(add(x, 3), 0, 6), 6));
/** 1 where a > b, else 0 (i32). */
export const greater = (a: Operand, b: Operand): Tensor => apply('greater', [a, b]);
/** 1 where a = b, else 0 (i32). */
export const equal = (a: Operand, b: Operand): Tensor => apply('equal', [a, b]);
/** i32 to f32. */
export const toFloat = (a: Tensor): Tensor => (a.dtype === 'f32' ? a : apply('toFloat', [a]));
/** f32 to i32, towards zero. */
export const toInt = (a: Tensor): Tensor => (a.dtype === 'i32' ? a : apply('toInt', [a]));
/**
 * `a` where the i32 mask is not 0, else `b`; what is not chosen does not matter, NaN included.
 * @throws when the mask is not i32.
 */
export function where(mask: Tensor, a: Operand, b: Operand): Tensor {
  if (mask.dtype !== 'i32')
    throw new Error(`where: the mask must be i32 (as greater and equal give), got ${describe(mask)}`);
  return apply('where', [mask, a, b]);
}
