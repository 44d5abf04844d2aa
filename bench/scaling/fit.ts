/** How a cost grows with a quantity. */
export interface Growth {
  /** k of cost ~ units^k, over all points: 1 is linear, less has a fixed part. */
  readonly exponent: number;
  /** The line cost = fixed + slope * units. */
  readonly fixed: number;
  readonly slope: number;
  /** The largest distance of a cost from the line, as a share of that cost. */
  readonly off: number;
}

/** The line of least weighted squares. */
function line(
  x: readonly number[],
  y: readonly number[],
  weights: readonly number[] = x.map(() => 1),
): { fixed: number; slope: number } {
  const total = weights.reduce((a, b) => a + b, 0);
  const [mx, my] = [x, y].map((v) => v.reduce((sum, value, i) => sum + weights[i] * value, 0) / total);
  const sumOf = (term: (i: number) => number) => weights.reduce((sum, w, i) => sum + w * term(i), 0);
  const slope = sumOf((i) => (x[i] - mx) * (y[i] - my)) / sumOf((i) => (x[i] - mx) ** 2);
  return { fixed: my - slope * mx, slope };
}

/** @param units at least two different amounts; `costs` are what each costs */
export function growthOf(units: readonly number[], costs: readonly number[]): Growth {
  // By what the costs are off in shares of themselves: noise grows with the cost.
  const { fixed, slope } = line(
    units,
    costs,
    costs.map((cost) => cost ** -2),
  );
  return {
    exponent: line(units.map(Math.log), costs.map(Math.log)).slope,
    fixed,
    slope,
    off: Math.max(...costs.map((cost, i) => Math.abs(fixed + slope * units[i] - cost) / cost)),
  };
}
