/** What is measured of every case. */
export type Check =
  | 'value'
  | 'first'
  | 'second'
  | 'third'
  | 'differences'
  | 'identity'
  | 'identity on device';

/** The order of derivative that a check of the device is about. */
export const byOrder = ['value', 'first', 'second', 'third'] as const;
export const HIGHEST_ORDER = byOrder.length - 1;

/**
 * The largest error allowed. Of the device, relative to the largest magnitude of the tensor: f32 carries 6e-8, sums of
 * some hundred terms leave 1e-6 in values, and every derivative multiplies what the one before lost. Of the rules against
 * central differences with steps 1e-4 and 5e-5 in float64, relative to the sum of magnitudes: they leave about 1e-8 times
 * the third derivative. Of the identity <u, Jv> = <J^T u, v>, relative to the sum of magnitudes: rounding of float64, and
 * on the device that of a first derivative.
 */
export const bounds: Readonly<Record<Check, number>> = {
  value: 5e-6,
  first: 1e-5,
  second: 2e-5,
  third: 5e-5,
  differences: 1e-7,
  identity: 1e-12,
  'identity on device': 1e-5,
};
