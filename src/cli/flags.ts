import { type Command, InvalidArgumentError, Option } from 'commander';
import { type DecisionRule, decisionRuleWords, parseDecisionRule } from '../metrics/index.ts';

/** A command-line option for one field of a configuration. */
export interface Flag<T> {
  /** As commander writes it: `--inner-rate <x>`, or `--no-siamese`. */
  readonly flags: string;
  readonly help: string;
  readonly parse?: (text: string) => T;
  readonly choices?: readonly string[];
}

/** One flag for every field, so that no field is forgotten. */
export type Flags<T> = { readonly [K in keyof T]-?: Flag<T[K]> };

/** Adds the options of a configuration, with its defaults if they are known now. What is on or off can be typed both ways. */
export function addFlags<T extends object>(command: Command, flags: Flags<T>, defaults?: T): Command {
  for (const name of Object.keys(flags) as (keyof T & string)[]) {
    const { flags: text, help, parse, choices } = flags[name];
    const option = new Option(text, help);
    if (defaults !== undefined && !text.startsWith('--no-')) option.default(defaults[name]);
    // Not `choices`, which would replace the parser.
    if (choices) option.argParser(oneOf(choices, parse as (text: string) => unknown));
    else if (parse) option.argParser(parse);
    command.addOption(option);
    if (!text.includes('<')) {
      const opposite = text.startsWith('--no-') ? text.replace('--no-', '--') : text.replace('--', '--no-');
      command.addOption(new Option(opposite).hideHelp());
    }
  }
  return command;
}

/** The values of the flags: those given, and the defaults of the rest. */
export const flagValues = <T extends object>(command: Command, flags: Flags<T>): T =>
  Object.fromEntries(Object.keys(flags).map((name) => [name, command.getOptionValue(name)])) as T;

/** The values of the flags that were typed. */
export const givenFlags = <T extends object>(command: Command, flags: Flags<T>): Partial<T> =>
  Object.fromEntries(
    Object.entries(flagValues(command, flags)).filter(
      ([name]) => command.getOptionValueSource(name) === 'cli',
    ),
  ) as Partial<T>;

/** @throws InvalidArgumentError, which commander shows with the option's name. */
export const integer =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least || text.trim() === '')
      throw new InvalidArgumentError(`It must be an integer of at least ${least}.`);
    return value;
  };

/** A list as `0,1,2`. @throws InvalidArgumentError */
export const integers =
  (least: number) =>
  (text: string): number[] =>
    text.split(',').map(integer(least));

/** @throws InvalidArgumentError */
export const number =
  (allowed: (value: number) => boolean, what: string) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || !allowed(value))
      throw new InvalidArgumentError(`It must be ${what}.`);
    return value;
  };

export const positive = number((value) => value > 0, 'a number above 0');
export const fraction = number((value) => value >= 0 && value < 1, 'a number from 0 to below 1');

/** @throws InvalidArgumentError */
export const decisionRule = (text: string): DecisionRule => {
  try {
    return parseDecisionRule(text);
  } catch {
    throw new InvalidArgumentError(`It must be ${decisionRuleWords}.`);
  }
};

/** @throws InvalidArgumentError */
export const oneOf =
  (choices: readonly string[], parse: (text: string) => unknown = (text) => text) =>
  (text: string): unknown => {
    if (!choices.includes(text)) throw new InvalidArgumentError(`It must be one of ${choices.join(', ')}.`);
    return parse(text);
  };
