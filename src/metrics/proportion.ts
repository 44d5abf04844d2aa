import type { Interval } from './bootstrap.ts';

/** ln of the binomial coefficient. */
function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i);
  return sum;
}

/** The probability of at most k successes in n trials, for a share p in (0, 1) of successes. */
function atMost(k: number, n: number, p: number): number {
  let sum = 0;
  for (let i = 0; i <= k; i++) sum += Math.exp(logChoose(n, i) + i * Math.log(p) + (n - i) * Math.log1p(-p));
  return sum;
}

/** The root in (0, 1) of a falling function, to the precision of numbers. */
function root(falling: (p: number) => number): number {
  let [low, high] = [0, 1];
  // Each step halves the interval; after so many it is no wider than the spacing of numbers.
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (falling(middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The share of successes that k of n trials leave possible: the exact interval of Clopper and Pearson (Biometrika 26, 1934),
 * which covers the truth at least as often as it says, however few the trials. 0 of 6 leave 0 to 46% at 95% confidence.
 * @throws RangeError unless 0 <= k <= n are integers, n >= 1, and 0 < confidence < 1.
 */
export function proportionInterval(k: number, n: number, confidence = 0.95): Interval {
  if (!(Number.isSafeInteger(k) && Number.isSafeInteger(n) && n >= 1 && k >= 0 && k <= n))
    throw new RangeError(`proportionInterval: ${k} of ${n} is no count of successes in trials`);
  if (!(confidence > 0 && confidence < 1))
    throw new RangeError(`proportionInterval: confidence ${confidence} must lie between 0 and 1`);
  const tail = (1 - confidence) / 2;
  return {
    low: k === 0 ? 0 : root((p) => atMost(k - 1, n, p) - (1 - tail)),
    high: k === n ? 1 : root((p) => atMost(k, n, p) - tail),
  };
}
