/**
 * Cosine annealing (Loshchilov & Hutter 2017, eq. 5, without restarts): `from` at progress 0, `to` at progress 1. A number
 * for a plan's input, so that no step is compiled again.
 * @param progress the part of the training that is done, cut to 0..1.
 */
export function cosine(progress: number, from: number, to = 0): number {
  const p = Math.min(Math.max(progress, 0), 1);
  return to + ((from - to) * (1 + Math.cos(Math.PI * p))) / 2;
}
