import type { Command } from 'commander';
import { UsageError } from './errors.ts';

/**
 * Checks what was typed along with --resume: a run has its own settings.
 * @param allowed names of the options that may be; `--resume` itself first.
 * @throws UsageError naming the options that may not.
 */
export function checkResumeOptions(command: Command, allowed: readonly string[]): void {
  const given = command.options.map((option) => option.attributeName());
  const others = given.filter(
    (name) => command.getOptionValueSource(name) === 'cli' && !allowed.includes(name),
  );
  const flag = (name: string) => command.options.find((option) => option.attributeName() === name)?.long;
  if (others.length > 0)
    throw new UsageError(
      `${command.name()}: ${others.map(flag).join(', ')}: a resumed run has its own settings; with --resume go only ${allowed.slice(1).map(flag).join(', ')}`,
    );
}

/** The value of an option if it was typed, and not its default. */
export const typed = <T>(command: Command, name: string): T | undefined =>
  command.getOptionValueSource(name) === 'cli' ? command.getOptionValue(name) : undefined;
