/**
 * How a decision threshold is chosen on validation scores, as it is typed and stored:
 * - `f1`: where F1 is highest;
 * - `fpr:0.05`: the lowest threshold that calls at most this share of the normal samples defective;
 * - `cost:10`: where false alarms + 10 x misses is lowest. It weighs the classes as validation has them;
 * - a number: that threshold, whatever validation says.
 */
export type DecisionRule = 'f1' | `fpr:${number}` | `cost:${number}` | number;

/** A rule taken apart: `value` is the rate, the ratio or the threshold. */
export type RuleParts =
  | { readonly name: 'f1' }
  | { readonly name: 'fpr'; readonly value: number }
  | { readonly name: 'cost'; readonly value: number }
  | { readonly name: 'fixed'; readonly value: number };

/** What a rule may be, in words. */
export const decisionRuleWords =
  'f1, fpr:RATE (a false positive rate from 0 to below 1), cost:RATIO (of a miss to a false alarm, above 0) or a number (the threshold itself)';

const numberOf = (text: string): number | undefined => {
  const value = Number(text);
  return text === '' || text !== text.trim() || !Number.isFinite(value) ? undefined : value;
};

/** The parts of a rule, or undefined if it is none. */
const parts = (rule: unknown): RuleParts | undefined => {
  if (typeof rule === 'number') return Number.isFinite(rule) ? { name: 'fixed', value: rule } : undefined;
  if (rule === 'f1') return { name: 'f1' };
  const [, name, text] = /^(fpr|cost):(.*)$/.exec(String(rule)) ?? [];
  const value = numberOf(text ?? '');
  if (value === undefined) return undefined;
  if (name === 'fpr') return value >= 0 && value < 1 ? { name, value } : undefined;
  return value > 0 ? { name: 'cost', value } : undefined;
};

export const isDecisionRule = (value: unknown): value is DecisionRule => parts(value) !== undefined;

/** @throws RangeError saying what a rule may be. */
export const partsOfRule = (rule: DecisionRule): RuleParts => {
  const found = parts(rule);
  if (found === undefined)
    throw new RangeError(`decision rule ${JSON.stringify(rule)}: it must be ${decisionRuleWords}`);
  return found;
};

/**
 * The rule in a text, such as what was typed.
 * @throws RangeError saying what a rule may be.
 */
export const parseDecisionRule = (text: string): DecisionRule => {
  const rule = numberOf(text) ?? text;
  if (!isDecisionRule(rule))
    throw new RangeError(`decision rule ${JSON.stringify(text)}: it must be ${decisionRuleWords}`);
  return rule;
};
