import { type Decision, decisionRuleWords } from '../metrics/index.ts';
import { decimals, type Output } from './output.ts';

/** What `--threshold` is where pictures are judged. */
export const thresholdHelp = `scores from here on are called defective: ${decisionRuleWords}, on the run's validation scores (default: the run's own threshold)`;

/**
 * Says from which score on pictures are called defective, and why.
 * @param enrolled whether the run was, and so has no validation part.
 */
export function printDecision({ rule, threshold, note }: Decision, output: Output, enrolled = false): void {
  const on = enrolled ? 'the photographs when left out' : 'the validation part';
  const why = typeof rule === 'number' ? 'as given' : `by ${rule} on ${on}`;
  output.print(`called defective from ${decimals(threshold)} on, ${why}`);
  if (note !== undefined) output.warn(note);
}
