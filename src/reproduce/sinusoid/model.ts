import type { Tensor } from '../../graph/index.ts';
import { filled, type LinearParams, linear, truncatedNormal } from '../../nn/index.ts';
import type { Random } from '../../random.ts';

/** Parameters of the regressor: two hidden layers and a linear output. */
export type RegressorParams = {
  readonly hidden1: LinearParams;
  readonly hidden2: LinearParams;
  readonly output: LinearParams;
};

/** Units of each hidden layer. */
const HIDDEN = 40;
/** Standard deviation of the initial weights, as in the authors' code. */
const DEVIATION = 0.01;

/** Weights from a normal distribution of deviation 0.01 cut off at two deviations, and zero biases. */
export function initRegressor(random: Random): RegressorParams {
  const layer = (inputs: number, outputs: number): LinearParams => ({
    weight: truncatedNormal(random, [outputs, inputs], DEVIATION),
    bias: filled([outputs], 0),
  });
  return { hidden1: layer(1, HIDDEN), hidden2: layer(HIDDEN, HIDDEN), output: layer(HIDDEN, 1) };
}

/** The network 1-40-40-1 with rectified linear units: x [n,1] -> y [n,1]. */
export const regressor = ({ hidden1, hidden2, output }: RegressorParams, x: Tensor): Tensor =>
  linear(linear(linear(x, hidden1).relu(), hidden2).relu(), output);

/** Points of a function: x [n,1] and y [n,1]. */
export type Points = { readonly x: Tensor; readonly y: Tensor };

/** Mean squared error of the regressor at some points. */
export const squaredError = (theta: RegressorParams, { x, y }: Points): Tensor =>
  regressor(theta, x).sub(y).square().mean();
