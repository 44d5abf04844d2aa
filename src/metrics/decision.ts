import { type DecisionRule, partsOfRule, type RuleParts } from './decision-rule.ts';
import type { Labels, Scores } from './inputs.ts';
import { type Sweep, sweep } from './sweep.ts';

/** From which score on a sample is called defective, and how that was chosen. */
export interface Decision {
  /** What was asked for. */
  readonly rule: DecisionRule;
  /** Finite; `score >= threshold` is defective. */
  readonly threshold: number;
  /** What the user must know: that the rule could not be followed, or on how little it rests. */
  readonly note?: string;
}

/** A rule that chooses among thresholds. */
type Chosen = Exclude<RuleParts, { readonly name: 'fixed' }>;

/** The false positive rate aimed at where a rule needs defective samples and there are none. */
const FALLBACK_RATE = 0.05;

/**
 * Chooses a decision threshold on validation scores. The thresholds that are tried part the distinct scores in every possible
 * way, midway between neighbours; the outermost lie as far beyond the highest and below the lowest score as their
 * neighbours within. Of equally good ones the lowest is taken: it misses least.
 *
 * Without defective samples `f1` and `cost` become `fpr:0.05`, which needs normal ones only; without normal samples every
 * rule gives 0, a logit's probability 1/2. The note says so, and where validation has fewer normal samples than the target
 * rate can be seen on.
 *
 * The source of `cost`: C. Elkan, The foundations of cost-sensitive learning, IJCAI 2001.
 * @throws RangeError on a rule that is none, unequal lengths, no samples, labels other than 0 and 1, or scores that are not
 * finite.
 */
export function decide(rule: DecisionRule, labels: Labels, scores: Scores): Decision {
  const asked = partsOfRule(rule);
  const counts = sweep('decide', labels, scores);
  const { thresholds: distinct, positives, negatives } = counts;
  for (const score of [distinct[0], distinct[distinct.length - 1]])
    if (!Number.isFinite(score))
      throw new RangeError(`decide: a score is ${score}: no threshold lies midway to it`);
  if (asked.name === 'fixed') return { rule, threshold: asked.value };
  if (negatives === 0)
    return {
      rule,
      threshold: 0,
      note: `validation has no normal sample, so ${rule} cannot be decided: the threshold is 0, and how many false alarms it gives is unknown`,
    };
  const applied: Chosen = positives === 0 ? { name: 'fpr', value: rateOf(asked) } : asked;
  const notes = [
    positives === 0 &&
      (asked.name === 'fpr'
        ? 'validation has no defective sample: what the threshold misses is unknown'
        : `validation has no defective sample, so ${rule} cannot be decided: the threshold is that of fpr:${FALLBACK_RATE}, and what it misses is unknown`),
    distinct.length === 1 &&
      `all ${positives + negatives} validation scores are ${distinct[0]}: no threshold tells the samples apart`,
    applied.name === 'fpr' && tooFew(applied.value, negatives),
  ].filter((note) => note !== false);
  const threshold = thresholdAt(distinct, bestCut(counts, worthOf(applied, counts)));
  return { rule, threshold, ...(notes.length > 0 && { note: notes.join('; ') }) };
}

const rateOf = (rule: Chosen): number => (rule.name === 'fpr' ? rule.value : FALLBACK_RATE);

/** How many of n samples a rate allows. Rounding must not take one away: 0.29 x 100 is 28.999999999999996. */
const allowedOf = (rate: number, n: number): number => Math.floor(rate * n + 1e-9);

/**
 * Says when a rate allows less than one of the normal samples, so that the threshold lies above all n of them. What share of
 * other normal samples lies above the highest of n has the distribution Beta(1, n), hence the bound.
 */
function tooFew(rate: number, n: number): string | false {
  if (rate === 0 || allowedOf(rate, n) > 0) return false;
  return `${percent(rate)} of ${n} normal samples is less than one: the threshold lies above all of them, and up to ${percent(1 - 0.05 ** (1 / n))} of others may still be called defective (with 95% confidence)`;
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))}%`;

/** How good it is to call so many defective and normal samples defective: larger is better. */
type Worth = (truePositives: number, falsePositives: number) => number;

function worthOf(rule: Chosen, s: Sweep): Worth {
  if (rule.name === 'f1') return (tp, fp) => (2 * tp) / (tp + fp + s.positives);
  if (rule.name === 'cost') return (tp, fp) => -(fp + rule.value * (s.positives - tp));
  const allowed = allowedOf(rule.value, s.negatives);
  return (_, fp) => (fp <= allowed ? 1 : 0);
}

/** The last of the best cuts: cut k calls the samples of the k highest distinct scores defective. */
function bestCut({ truePositives, falsePositives }: Sweep, worth: Worth): number {
  let best = 0;
  let most = worth(0, 0);
  for (const [k, tp] of truePositives.entries()) {
    const value = worth(tp, falsePositives[k]);
    if (value >= most) [best, most] = [k + 1, value];
  }
  return best;
}

/** A threshold that parts the k highest of some distinct scores, which fall, from the rest. */
function thresholdAt(distinct: readonly number[], k: number): number {
  const last = distinct.length - 1;
  if (k === 0) return distinct[0] + beyond(distinct[0], distinct[1]);
  if (k > last) return distinct[last] - beyond(distinct[last], distinct[last - 1]);
  const [above, below] = [distinct[k - 1], distinct[k]];
  const midway = above / 2 + below / 2;
  // Between neighbouring floating-point numbers there is none, and the upper one parts them too.
  return midway > below ? midway : above;
}

/** A distance to go beyond the outermost score: half of that to its neighbour, and never so little that it is lost in rounding. */
const beyond = (score: number, neighbour = score): number =>
  Math.max(Math.abs(score - neighbour) / 2, Math.abs(score) * 2 ** -50, Number.MIN_VALUE);
