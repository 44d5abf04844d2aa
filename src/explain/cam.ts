import { showShape, type Tensor } from '../graph/index.ts';
import { abs, add, div, mean, mul, relu, sum } from '../ops/index.ts';

/*
 * Class activation maps: what a block's features A [N,C,H,W], and the gradient g of the score with respect to them, say
 * about where the score comes from. Each map [N,H,W] is in the score's own unit, so maps of several images compare.
 */

/** A map [N,H,W] from features [N,C,H,W] and the gradients of the scores with respect to them. */
export type Cam = (features: Tensor, gradients: Tensor) => Tensor;

const check = (who: string, features: Tensor, gradients: Tensor): void => {
  if (features.rank !== 4 || showShape(features.shape) !== showShape(gradients.shape))
    throw new Error(
      `${who}: features ${showShape(features.shape)} and gradients ${showShape(gradients.shape)} must have one shape [N,C,H,W]`,
    );
};

/** relu(sum over channels of weights * features). */
const weighted = (features: Tensor, weights: Tensor): Tensor => relu(sum(mul(features, weights), 1));

/**
 * Grad-CAM (Selvaraju et al. 2017, eq. 1 and 2): relu(sum_c w_c A_c), where w_c is the mean of g_c over the positions.
 * @throws when the two differ in shape or are not [N,C,H,W].
 */
export const gradCam: Cam = (features, gradients) => {
  check('gradCam', features, gradients);
  return weighted(features, mean(gradients, [2, 3], { keepDims: true }));
};

/**
 * Grad-CAM++ (Chattopadhay et al. 2018) in its closed form for Y = exp(S) of the score S (eq. 19): w_c is the sum over the
 * positions of alpha relu(g), alpha = g^2 / (2 g^2 + (sum of A_c) g^3).
 *
 * Where g is 0, so is alpha relu(g); elsewhere g^2 cancels, and as only g > 0 counts, w_c = sum of relu(g) / (2 + (sum of
 * A_c) relu(g)), whose denominator is never below 2: the paper takes features that are nowhere negative, and of those that are
 * (a trunk without activations) only the positive part enters that sum. The factor exp(S) of dY/dA, one number per image, is
 * left out: normalised maps do not have it, and absolute ones would differ by it more than by anything else.
 * @throws when the two differ in shape or are not [N,C,H,W].
 */
export const gradCamPlusPlus: Cam = (features, gradients) => {
  check('gradCamPlusPlus', features, gradients);
  const rising = relu(gradients);
  const total = sum(relu(features), [2, 3], { keepDims: true });
  const weights = sum(div(rising, add(mul(total, rising), 2)), [2, 3], { keepDims: true });
  return weighted(features, weights);
};

/**
 * HiResCAM (Draelos & Carin 2020): relu(sum_c g_c A_c), every position weighed by its own gradient: what the score owes to it, to first
 * order. Grad-CAM's one weight per channel is a mean over all positions, which a defect of a few pixels hardly moves. Exact where one
 * linear layer follows the block, as their paper shows; before more layers an approximation like the others.
 * @throws when the two differ in shape or are not [N,C,H,W].
 */
export const hiResCam: Cam = (features, gradients) => {
  check('hiResCam', features, gradients);
  return weighted(features, gradients);
};

/** The mean magnitude of the features over the channels, which needs no gradient: at the block `difference`, the feature difference. */
export const featureMagnitude: Cam = (features) => mean(abs(features), 1);

/** How a map can be made, by name. */
export const cams = {
  'grad-cam': gradCam,
  'grad-cam++': gradCamPlusPlus,
  'hires-cam': hiResCam,
  features: featureMagnitude,
} as const satisfies Record<string, Cam>;
export type CamMethod = keyof typeof cams;
