import { grad, jvp, vjp } from '../autodiff/index.ts';
import { type Shape, sizeOf, type Tensor, tensor } from '../graph/index.ts';
import { add, mul, square, sum } from '../ops/index.ts';
import { Random } from '../random.ts';
import { type Case, outputsOf } from './case.ts';

/** The gradient of a scalar, which is made of the gradients of the order below. */
export interface Order {
  readonly loss: Tensor;
  readonly gradients: readonly Tensor[];
}

/** A case with its inputs drawn, its outputs built and its derivatives taken; nothing is computed yet. */
export interface Drawn {
  readonly case: Case;
  readonly outputs: readonly Tensor[];
  /** The inputs that derivatives are by. */
  readonly by: readonly Tensor[];
  /** From the first derivative on. */
  readonly orders: readonly Order[];
  /** The two sides of <u, Jv> = <J^T u, v>. */
  readonly identity?: Identity;
  readonly random: Random;
}

/** Random u like the outputs and v like the inputs, with what the Jacobian J makes of them. */
export interface Identity {
  readonly u: readonly Tensor[];
  readonly v: readonly Tensor[];
  /** J v, like the outputs. */
  readonly pushed: readonly Tensor[];
  /** J^T u, like the inputs. */
  readonly pulled: readonly Tensor[];
}

/** Numbers of a bell-like spread, as cotangents and tangents. */
export const directionLike = (random: Random, shape: Shape): Tensor =>
  tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => random.next() + random.next() - 1),
    shape,
  );

/** y + y^2 / 2 + y^3 / 6: with it, a linear op too has three derivatives to check, and no value is out of sight. */
const curved = (y: Tensor): Tensor => add(y, mul(square(y), add(mul(y, 1 / 6), 0.5)));

/** <tensors, random numbers>, a scalar. */
const project = (tensors: readonly Tensor[], random: Random): Tensor =>
  tensors.map((t) => sum(mul(t, directionLike(random, t.shape)))).reduce(add);

function identityOf(outputs: readonly Tensor[], by: readonly Tensor[], random: Random): Identity {
  const u = outputs.map((y) => directionLike(random, y.shape));
  const v = by.map((x) => directionLike(random, x.shape));
  return { u, v, pushed: jvp(outputs, by, v), pulled: vjp(outputs, by, u) };
}

/**
 * Draws a case's inputs and takes its derivatives up to an order, each as the gradient of <gradients of the order
 * below, random tensors>.
 */
export function draw(c: Case, order: number): Drawn {
  const random = new Random(`certify ${c.op} ${c.name}`);
  const inputs = c.inputs.map((input, i) => input.draw(random.fork(`input ${i}`)));
  const outputs = outputsOf(c.build(...inputs));
  const by = inputs.filter((_, i) => c.inputs[i].differentiate);
  const smooth = outputs.filter((y) => y.dtype === 'f32');
  if (by.length === 0 || smooth.length === 0) return { case: c, outputs, by, orders: [], random };
  const orders: Order[] = [];
  let current: readonly Tensor[] = smooth.map(curved);
  for (let k = 1; k <= order; k++) {
    const loss = project(current, random.fork(`order ${k}`));
    current = grad(loss, [...by]);
    orders.push({ loss, gradients: current });
  }
  const identity = identityOf(smooth, by, random.fork('identity'));
  return { case: c, outputs, by, orders, identity, random };
}
