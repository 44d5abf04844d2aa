import { type Decision, decisionRuleWords } from '../metrics/index.ts';
import { decimals, type Output } from './output.ts';

/** What `--threshold` is where pictures are judged. */
export const thresholdHelp = `scores from here on are called defective: ${decisionRuleWords}, on the run's validation scores (default: the run's own threshold)`;

/** Says from which score on pictures are called defective, and why. */
export function printDecision({ rule, threshold, note }: Decision, output: Output): void {
  const why = typeof rule === 'number' ? 'as given' : `by ${rule} on the validation part`;
  output.print(`called defective from ${decimals(threshold)} on, ${why}`);
  if (note !== undefined) output.warn(note);
}
