import type { InlineText } from '../graph/op.ts';
import { stridesOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { LoopDim } from './domain.ts';
import { Expression, type Leaf } from './expression.ts';
import { identityMap } from './index-map.ts';
import { BodyWriter, DimsWriter } from './wgsl.ts';

/*
 * An image that a kernel computes while it reads it: elementwise work over images like it and numbers that belong to a whole plane
 * (n, c), such as batch normalisation and relu before pooling.
 */

/** How a kernel's first input is computed in place. */
export interface Inlined {
  readonly expression: Expression;
  /** The step of the expression that is the value. */
  readonly step: number;
}

/** The expression of `x` [N,C,H,W], or undefined where it is more than the above and must be stored. */
export function inlined(x: Tensor, isStored: (t: Tensor) => boolean): Inlined | undefined {
  const expression = new Expression(4, isStored);
  const step = expression.value(x, identityMap(4));
  const simple = expression.steps.every((s) => s.kind !== 'coordinate' && s.kind !== 'within');
  return simple && expression.leaves.every((leaf) => ofPlane(leaf) || alike(leaf, x))
    ? { expression, step }
    : undefined;
}

/** Whether a leaf is one number per plane. */
const ofPlane = ({ access: { strides } }: Leaf): boolean => strides[2] === 0 && strides[3] === 0;

/** Whether a leaf lies in memory as x would. */
const alike = ({ access: { strides, offset } }: Leaf, x: Tensor): boolean =>
  offset === 0 && stridesOf(x.shape).every((stride, d) => x.shape[d] === 1 || strides[d] === stride);

/** The planes and the places in a plane as a loop: [N, C, H W]. */
function planeDims(x: Tensor, { leaves }: Expression): LoopDim[] {
  const [n, c, h, w] = x.shape;
  const strides = leaves.map((leaf) =>
    alike(leaf, x) ? [c * h * w, h * w, 1] : leaf.access.strides.slice(0, 3),
  );
  return [n, c, h * w].map((extent, d) => ({ extent, reduced: false, strides: strides.map((s) => s[d]) }));
}

/** How many buffers an inlined input binds at most: one read in two ways counts twice. */
export const inlineBindings = (x: Tensor, { expression }: Inlined): number =>
  new BodyWriter(expression, planeDims(x, expression), true, new DimsWriter()).reads.length;

/** The text of an inlined input, and the stored values that it binds, in order. */
export function inlineText(
  x: Tensor,
  { expression, step }: Inlined,
  vector: boolean,
  dims: Readonly<Record<string, number>>,
): { text: InlineText; reads: Tensor[] } {
  const writer = new DimsWriter();
  for (const [name, value] of Object.entries(dims)) writer.u32(name, value);
  const body = new BodyWriter(expression, planeDims(x, expression), vector, writer);
  const plane = [body.bases(), body.advance(0, 'n'), body.advance(1, 'c'), body.hoisted()].join('\n');
  // Written once: what is written adds fields to the struct.
  const steps = body.steps(() => '');
  const loads = body.loads('place');
  const read = (variable: string, place: string) =>
    `{\nlet place = ${place};\n${loads}\n${steps}\n${variable} = v${step};\n}`;
  return {
    text: {
      declarations: [body.aliases, body.functions, writer.struct].join('\n'),
      inputs: body.inputs,
      bindings: body.reads.length,
      plane,
      read,
      words: writer.words,
      operations: expression.operations,
    },
    reads: body.reads,
  };
}
