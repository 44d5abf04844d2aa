import type { Random } from '../random.ts';

/** The size in pixels at which a step shows its images: one of the scales, or undefined where there are none (the size that they have). */
export const drawScale = (
  { scales }: { readonly scales?: readonly number[] },
  random: Random,
): number | undefined => scales?.[random.int(scales.length)];
